"""The overseer as an OpenAI-compatible server: every draft is read whole before its first word goes out.

A stream begins when the draft has passed; until then the connection is kept with comments, which clients skip. Bodies,
refusals and doors are those of `drillyard organism serve`.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drillyard.errors import DrillyardError, bad_input
from drillyard.organisms.listening import BodyLimit, is_loopback, listen, reachable, run, run_in_background
from drillyard.organisms.serving.app import PageDoor, TokenDoor
from drillyard.organisms.serving.bodies import ChatBody
from drillyard.organisms.serving.refusal import Refusal, refusal_of
from drillyard.oversight.live.overseer import Decision, HoldQueue, Overseen
from drillyard.records import Conversation, Reply
from drillyard.targets.reading import RefusedRequest

__all__ = ["overseer_app", "serve_overseer", "serve_overseer_locally"]

_KEEP = 5.0
"""Seconds between comments while a draft is written and read."""
_OURS = {"messages", "model", "n", "seed", "stream", "stream_options", "logprobs", "top_logprobs"}
_ACTS = ("tools", "tool_choice", "functions", "function_call", "audio", "modalities")
_SAMPLING = {"temperature", "top_p", "min_p", "stop", "max_tokens", "max_completion_tokens"}
"""Fields that are answered here, those that ask for more than text, and those that change a text."""


def overseer_app(front: Overseen, queue: HoldQueue, token: str = "") -> Starlette:
    """Return the server: /v1/chat/completions, /v1/models, /v1/held/ID for what a person decided, and /health."""

    async def chat(request: Request) -> Response:
        body = await _body(request)
        talk, fields = _conversation(body), _fields(front, body)
        if body.stream:
            lines = _events(front, talk, body, fields)
            return StreamingResponse(lines, media_type="text/event-stream", headers={"cache-control": "no-cache"})
        try:
            reply, decision = await asyncio.to_thread(front.answer, talk, body.seed, fields)
        except DrillyardError as error:
            raise _upstream(error) from None
        choice = {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": _finish(reply)}
        return JSONResponse(
            {**_envelope(body, decision, "chat.completion"), "choices": [choice], "usage": _usage(reply)}
        )

    async def models(request: Request) -> Response:
        return JSONResponse(
            {"object": "list", "data": [{"id": front.reference, "object": "model", "owned_by": "drillyard"}]}
        )

    async def held(request: Request) -> Response:
        name = request.path_params["id"]
        found = next((one for one in queue.decisions() if one.id == name and one.action == "hold"), None)
        if found is None:
            raise Refusal(f"nothing was held under {name!r}", status=404, code="not_found")
        verdict = queue.verdicts().get(name)
        if verdict is None:
            return JSONResponse({"id": name, "status": "waiting"})
        text = {"release": found.draft, "edit": verdict.text, "refuse": ""}[verdict.action]
        return JSONResponse({"id": name, "status": verdict.action, "text": text})

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "waiting": len(queue.waiting())})

    app = Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            Route("/v1/models", models, methods=["GET"]),
            Route("/v1/held/{id}", held, methods=["GET"]),
            Route("/v1/chat/completions", chat, methods=["POST"]),
        ],
        middleware=[Middleware(PageDoor, token=token), Middleware(TokenDoor, token=token), Middleware(BodyLimit)],
        exception_handlers={Refusal: _refuse},
    )
    app.router.redirect_slashes = False
    return app


def serve_overseer(
    front: Overseen, queue: HoldQueue, host: str, port: int, token: str, ready: Callable[[str], None]
) -> None:
    """Serve until Ctrl+C. Raises `BadInput` for a taken port, or where others could ask without a token."""
    if not token and not is_loopback(host):
        raise bad_input(f"host {host} without a token", "a token, because others can reach it", "set --token")
    with listen(host, port) as listener:
        ready(f"http://{reachable(host)}:{listener.getsockname()[1]}/v1")
        run(overseer_app(front, queue, token), listener)


@contextmanager
def serve_overseer_locally(front: Overseen, queue: HoldQueue) -> Iterator[str]:
    """Serve on this machine alone while the block runs; gives the base address."""
    with listen("127.0.0.1", 0) as listener, run_in_background(overseer_app(front, queue), listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


async def _body(request: Request) -> ChatBody:
    try:
        body = ChatBody.model_validate_json(await request.body())
    except ValidationError as error:
        raise refusal_of(error) from None
    if (body.n or 1) > 1:
        raise Refusal("n is not supported here: one draft is read at a time", param="n", code="unsupported_value")
    if body.logprobs:
        raise Refusal("logprobs are not supported behind an overseer", param="logprobs", code="unsupported_value")
    return body


def _fields(front: Overseen, body: ChatBody) -> dict[str, Any]:
    """Return what the assistant is told of how to write, as the client asked; refuses what no critic could read."""
    asked = body.model_dump(exclude=_OURS, exclude_none=True)
    if acts := [name for name in _ACTS if asked.pop(name, None) not in (None, [], "none", "auto")]:
        words = f"{acts[0]} is not supported behind an overseer: a critic reads text"
        raise Refusal(words, param=acts[0], code="unsupported_parameter")
    if asked and not front.takes_fields:
        body.refuse_unsupported()
        if told := sorted(asked.keys() & _SAMPLING):
            words = f"{told[0]} is not supported in front of {front.reference}: serve it, and oversee its address"
            raise Refusal(words, param=told[0], code="unsupported_parameter")
    return asked


def _conversation(body: ChatBody) -> Conversation:
    messages = tuple(message.message(f"messages[{place}]") for place, message in enumerate(body.messages))
    if messages[-1].role != "user":
        raise Refusal("the last message is not of the user", param="messages", code="invalid_value")
    return Conversation(messages=messages)


async def _events(front: Overseen, talk: Conversation, body: ChatBody, fields: dict[str, Any]) -> AsyncIterator[str]:
    """Yield comments while the draft is read, then the reply word by word; a dead upstream is an event too."""
    answering = asyncio.ensure_future(asyncio.to_thread(front.answer, talk, body.seed, fields))
    while not answering.done():
        await asyncio.wait({answering}, timeout=_KEEP)
        if not answering.done():
            yield ": the draft is being read\n\n"
    try:
        reply, decision = answering.result()
    except DrillyardError as error:
        yield _event(_upstream(error).data)
        return
    head = _envelope(body, decision, "chat.completion.chunk")
    yield _event(
        {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    )
    for piece in re.findall(r"\s*\S+|\s+\Z", reply.text):
        yield _event({**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
    yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]})
    if body.stream_options and body.stream_options.include_usage:
        yield _event({**head, "choices": [], "usage": _usage(reply)})
    yield "data: [DONE]\n\n"


def _envelope(body: ChatBody, decision: Decision, kind: str) -> dict[str, Any]:
    told = {"id": decision.id, "action": decision.action, "by": decision.by}
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": body.model,
            "oversight": told}  # fmt: skip


def _finish(reply: Reply) -> str:
    return "content_filter" if reply.why.startswith("held: ") else "length" if reply.finish == "length" else "stop"


def _usage(reply: Reply) -> dict[str, int]:
    whole = reply.prompt_tokens + reply.tokens
    return {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.tokens, "total_tokens": whole}


def _upstream(error: DrillyardError) -> Refusal:
    if isinstance(error, RefusedRequest):
        return Refusal(str(error), code="refused_upstream")
    return Refusal(f"the assistant does not answer: {error}", status=502, code="upstream_error")


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()
