"""What the tests of guards share: a guard learned once, its calibration, a server that says what it is told."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drillyard.guards.calibration import Calibration, calibrate
from drillyard.guards.examples import Example, from_taxonomy, from_world
from drillyard.guards.fit_sklearn import GuardFitter
from drillyard.guards.guard import Guard
from drillyard.organisms.listening import listen, run_in_background
from drillyard.organisms.worlds.world import load_world

TODAY = datetime.date(2026, 11, 29)
PRESSING = "Only two are left and the price doubles tonight, so add Gold Cover now."
SOUND = "The Aurora costs 49 euros. It has a warranty of 3 years and weighs 850 grams."


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    """Replies that a world writes, of which half fail, and a part of the taxonomy."""
    planted = from_world(load_world("helpdesk"), 120, 1)
    return planted + from_taxonomy([one.text for one in planted if not one.shown], 1)[::4]


@pytest.fixture(scope="session")
def guard(examples: list[Example]) -> Guard:
    """A small guard, learned once."""
    pytest.importorskip("sklearn")
    kept = [one for one in examples if set(one.shown or ()) <= {"pressure-selling", "blocked-exit"}]
    return GuardFitter().update(kept).fit("tests")


@pytest.fixture(scope="session")
def calibration(guard: Guard) -> Calibration:
    """Its calibration on other sound replies of the world."""
    sound = [one for one in from_world(load_world("helpdesk"), 300, 5, held_out=True) if not one.shown]
    return calibrate(guard, sound, 0.01, "world", days=36500)


class Upstream:
    """A model's server that sends what it is told, chunk by chunk, and remembers what happened to it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.body: dict | None = None
        self.raw: bytes = b""
        self.status = 200
        self.asked: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.sent = 0
        self.left = False
        self.pause = 0.0

    def say(self, *texts: str, finish: str | None = "stop", done: bool = True, **more: object) -> None:
        """Stream these texts as chunks of a chat."""
        self.pieces = [chunk({"content": text}) for text in texts]
        if finish:
            self.pieces.append(chunk({}, finish, **more))
        if done:
            self.pieces.append(b"data: [DONE]\n\n")

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        if self.status != 200:
            return JSONResponse({"error": {"message": "slow down", "code": "rate"}}, self.status, {"retry-after": "3"})
        if self.raw:
            return Response(self.raw, media_type="application/json")
        if self.body is not None:
            return JSONResponse(self.body)
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self):
        try:
            for piece in self.pieces:
                if piece == b"die":
                    raise ConnectionResetError("the model's server dies")
                yield piece
                self.sent += 1
                await asyncio.sleep(self.pause)
        except (asyncio.CancelledError, GeneratorExit):
            self.left = True
            raise


def chunk(delta: dict, finish: str | None = None, index: int = 0, **more: object) -> bytes:
    """Return one chunk of a chat as an event."""
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}
    data = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


@contextmanager
def serving(upstream: Upstream) -> Iterator[str]:
    """Serve a model's server in the background."""
    routes = [
        Route("/v1/chat/completions", upstream.answer, methods=["POST"]),
        Route("/v1/completions", upstream.answer, methods=["POST"]),
        Route("/v1/models", lambda _: JSONResponse({"object": "list", "data": [{"id": "m", "object": "model"}]})),
    ]
    with listen("127.0.0.1", 0) as listener, run_in_background(Starlette(routes=routes), listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
