"""Answering an order: whole, or as a stream of server-sent events. Whoever leaves gives up the places at once."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from drillyard.organisms.serving.forms import Form, usage
from drillyard.organisms.serving.orders import Order
from drillyard.organisms.serving.refusal import Refusal
from drillyard.organisms.serving.served import Served
from drillyard.organisms.serving.worker import Choice, Pieces, Worker

__all__ = ["answer"]

_LEFT = 499
"""The status that proxies log for a client that has left; nobody receives it."""


async def answer(request: Request, served: Served, form: Form, order: Order) -> Response:
    """Answer an order in the form of its endpoint. Raises `Refusal`."""
    choices, pieces = served.worker.submit(order)
    envelope = {
        "id": f"{form.prefix}-{secrets.token_hex(12)}",
        "object": form.streamed if order.stream else form.whole,
        "created": int(time.time()),
        "model": served.data["id"],
        "system_fingerprint": served.fingerprint,
    }
    if order.stream:
        return _Events(_events(form, order, envelope, choices, pieces), served.worker, choices)
    try:
        if not await _finished(request, len(choices), pieces):
            return Response(status_code=_LEFT)
    finally:
        served.worker.cancel(choices)
    replies = [choice.reply for choice in choices]
    told = [form.choice(index, reply, order) for index, reply in enumerate(replies)]
    return JSONResponse({**envelope, "choices": told, "usage": usage(order, replies)})


class _Events(StreamingResponse):
    """A stream that gives up its choices' places however it ends."""

    def __init__(self, lines: AsyncIterator[str], worker: Worker, choices: Sequence[Choice]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers={"cache-control": "no-cache"})
        self._worker, self._choices = worker, choices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._worker.cancel(self._choices)


async def _events(
    form: Form, order: Order, envelope: dict[str, Any], choices: Sequence[Choice], pieces: Pieces
) -> AsyncIterator[str]:
    """Yield one event per piece, as it comes; a fault on the way is an event too."""
    if order.usage:
        envelope = {**envelope, "usage": None}
    for index in range(len(choices)):
        if opening := form.opening(index):
            yield _event({**envelope, "choices": [opening]})
    running = len(choices)
    while running:
        taken = await pieces.get()
        if isinstance(taken, Refusal):
            yield _event(taken.data)
            return
        index, piece = taken
        for part in form.parts(index, piece, order):
            yield _event({**envelope, "choices": [part]})
        running -= piece.finish is not None
    if order.usage:
        counted = usage(order, [choice.reply for choice in choices])
        yield _event({**envelope, "choices": [], "usage": counted})
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


async def _finished(request: Request, running: int, pieces: Pieces) -> bool:
    """Wait until all choices have ended; False when the client leaves before. Raises `Refusal`."""
    leaving = asyncio.ensure_future(_left(request))
    try:
        while running:
            taking = asyncio.ensure_future(pieces.get())
            await asyncio.wait({taking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                return False
            if isinstance(taken := taking.result(), Refusal):
                raise taken
            running -= taken[1].finish is not None
        return True
    finally:
        leaving.cancel()


async def _left(request: Request) -> None:
    """Return once the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
