"""The proxy as a web application: asks the model's server, guards what it says, passes the rest on.

Outcomes of a reply: `passed`, `flagged`, `blocked`, `rewritten`; `refused` by the model's server; `died`, `too-large`
or `unreadable` on the way; `left` by its client; `unguarded`, let through by `fail="open"`.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drillyard.guards.base import AnyGuard
from drillyard.guards.calibration import Calibration, floor
from drillyard.guards.gate import Gate, Mode
from drillyard.guards.proxy.events import MOST_BYTES, EventReader, TooLarge, event
from drillyard.guards.proxy.metrics import Metrics
from drillyard.guards.proxy.reply import GuardedReply
from drillyard.organisms.listening import BodyLimit
from drillyard.organisms.serving.app import PageDoor, TokenDoor
from drillyard.organisms.serving.refusal import Refusal
from drillyard.registry import require

__all__ = ["GROUP", "GuardedEndpoint", "guard_piece", "make_guard_app", "trouble"]

GROUP = "x-drillyard-group"
"""The header that names the group whose threshold is meant."""
_MOST_REQUEST = 8_000_000
_MANY = 100_000  # bytes that take longer than other replies should wait for; about 70 ms of scoring
_HOPS = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "host", "content-length", "content-encoding", "accept-encoding", "date", "server", GROUP,
}  # fmt: skip


@dataclass(kw_only=True)
class GuardedEndpoint:
    """What is guarded, by what and how.

    `upstream` is the base address of the model's server, such as `http://127.0.0.1:8000/v1`; `key` is sent to it
    instead of what the client sends. `fail` says what becomes of replies where the guard cannot judge: its calibration
    is over, the server's words cannot be read, or the guard breaks.
    """

    guard: AnyGuard
    calibration: Calibration
    upstream: str = ""
    mode: Mode = "block"
    hold: int | None = None
    fail: Literal["closed", "open"] = "closed"
    key: str = ""
    most_bytes: int = MOST_BYTES
    log: Callable[[dict[str, Any]], None] = lambda line: None
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.watch = self.calibration.watch()
        Gate(self.guard, 0.0, self.mode, self.hold)  # a wrong hold-back is said now

    @property
    def opens(self) -> bool:
        """Whether what the guard cannot judge passes as it comes; `audit` changes nothing, whatever `fail` says."""
        return self.fail == "open" or self.mode == "audit"

    def guarded(self, group: str, choices: int = 1) -> GuardedReply:
        """Return the guard of one reply."""
        tau, mode = self.calibration.tau(group), self.mode
        passive, told = mode in ("audit", "flag"), mode != "audit"
        return GuardedReply(lambda: Gate(self.guard, tau, mode, self.hold), passive=passive, told=told, choices=choices)

    def close(self, reply: GuardedReply, outcome: str, model: str) -> None:
        """Count what became of a reply, and what its scores say of drift."""
        flagged = [gate for gate in reply.all_gates if gate.flag]
        if outcome == "passed" and flagged:
            outcome = {"block": "blocked", "rewrite": "rewritten"}.get(self.mode, "flagged")
        self.metrics.replies.labels(outcome).inc()
        for gate in flagged:
            assert gate.flag is not None
            self.metrics.flags.labels(gate.flag.behaviour).inc()
            self.log({"outcome": outcome, "model": model, "behaviour": gate.flag.behaviour, "score": gate.flag.score})
        if outcome in ("passed", "flagged", "blocked", "rewritten"):
            for gate in reply.all_gates:
                self.watch.update(floor(gate.score))
            self.metrics.drift.set(self.watch.capital)
            self.metrics.drifted.set(self.watch.alarmed)


def make_guard_app(endpoint: GuardedEndpoint, token: str = "", ready: Callable[[], None] | None = None) -> Starlette:
    """Build the proxy of an endpoint; `ready` is called once it answers. With a token, /v1 asks for it as a bearer.

    Raises:
        MissingExtra: aiohttp or prometheus_client is not installed.
    """
    aiohttp: Any = require("aiohttp", "guards", "drillyard guard serve")

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        patience = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=600)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=patience, auto_decompress=True) as client:
            app.state.endpoint, app.state.client, app.state.trouble = endpoint, client, aiohttp.ClientError
            if ready:
                ready()
            yield

    app = Starlette(
        routes=[
            Route("/health", _health),
            Route("/metrics", _metrics),
            Route("/v1/chat/completions", _answer, methods=["POST"]),
            Route("/v1/completions", _answer, methods=["POST"]),
            Route("/v1/models", _pass_on, methods=["GET"]),
            Route("/v1/models/{model:path}", _pass_on, methods=["GET"]),
            Route("/v1/{rest:path}", _unguarded, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ],
        middleware=[
            Middleware(PageDoor, token=token),
            Middleware(TokenDoor, token=token),
            Middleware(BodyLimit, limit=_MOST_REQUEST),
        ],
        exception_handlers={Refusal: _refuse},
        lifespan=life,
    )
    app.router.redirect_slashes = False
    return app


async def _answer(request: Request) -> Response:
    endpoint: GuardedEndpoint = request.app.state.endpoint
    body = await request.body()
    try:
        asked = json.loads(body)
        stream, model, choices = bool(asked.get("stream")), str(asked.get("model", "")), int(asked.get("n") or 1)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Refusal("the body is no JSON object", code="invalid_json") from None
    open_wide = endpoint.calibration.ended(datetime.date.today())
    if open_wide and not endpoint.opens:
        words = f"the guard's calibration ended on {endpoint.calibration.expires}: calibrate it again"
        raise Refusal(words, status=503, code="calibration_expired")
    answer = await _ask(request, body)
    if answer.status != 200:
        return await _refused(endpoint, answer)
    reply = endpoint.guarded(request.headers.get(GROUP, ""), choices)
    if stream and answer.content_type == "text/event-stream":
        pieces = _raw(endpoint, answer) if open_wide else _stream(request, endpoint, answer, reply, model)
        return StreamingResponse(pieces, 200, _headers(answer), media_type="text/event-stream")
    return await _whole(request, endpoint, answer, reply, model, open_wide=open_wide)


async def _ask(request: Request, body: bytes | None) -> Any:
    """Ask the model's server. Raises `Refusal` where it cannot be reached."""
    endpoint: GuardedEndpoint = request.app.state.endpoint
    headers = {name: value for name, value in request.headers.items() if name not in _HOPS}
    headers["accept-encoding"] = "identity"
    if endpoint.key:
        headers["authorization"] = f"Bearer {endpoint.key}"
    url = f"{endpoint.upstream.rstrip('/')}{request.url.path.removeprefix('/v1')}"
    try:
        return await request.app.state.client.request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        )
    except (request.app.state.trouble, OSError, TimeoutError) as error:
        endpoint.metrics.replies.labels("died").inc()
        raise Refusal(
            f"the model's server cannot be reached: {error}", status=502, code="upstream_unreachable"
        ) from None


async def _stream(
    request: Request, endpoint: GuardedEndpoint, answer: Any, reply: GuardedReply, model: str
) -> AsyncIterator[bytes]:
    """Yield the events of a reply as they may be sent; the model's server is left when the client leaves."""
    events, outcome = EventReader(endpoint.most_bytes), "left"
    endpoint.metrics.open.inc()
    try:
        async for piece in answer.content.iter_any():
            began = time.perf_counter()
            out, failed = await guard_piece(endpoint, reply, events, piece)
            endpoint.metrics.seconds.observe(time.perf_counter() - began)
            if out:
                yield b"".join(map(event, out))
            if failed or reply.done:
                outcome = failed or reply.outcome
                break
        else:
            outcome = reply.outcome
            yield b"".join(map(event, reply.rest()))
        if outcome not in ("passed", "unguarded"):
            yield event(trouble(outcome))
    except (request.app.state.trouble, OSError, TimeoutError):
        outcome = "died"
        yield b"".join(map(event, [*reply.rest(), trouble(outcome)]))
    finally:
        answer.close()
        endpoint.metrics.open.dec()
        endpoint.close(reply, outcome, model)


async def guard_piece(
    endpoint: GuardedEndpoint, reply: GuardedReply, events: EventReader, piece: bytes
) -> tuple[list[bytes], str]:
    """Return the data of the events to send for a piece of bytes, and what went wrong, if anything did.

    Stages beyond words take their time, and so do many words at once, so that they run beside the other replies.
    """
    if endpoint.guard.stages or events.waiting + len(piece) > _MANY:
        return await run_in_threadpool(_guard_piece, reply, events, piece, opens=endpoint.opens)
    return _guard_piece(reply, events, piece, opens=endpoint.opens)


def _guard_piece(reply: GuardedReply, events: EventReader, piece: bytes, *, opens: bool) -> tuple[list[bytes], str]:
    out: list[bytes] = []
    try:
        for data in events.read(piece):
            try:
                out += reply.event(data)
            except Exception:  # whatever breaks, nothing unguarded may get out unless that was asked for
                if not opens:
                    return out, "unreadable"
                out += reply.give_up(data)
    except TooLarge:
        return out, "too-large"
    return out, ""


async def _raw(endpoint: GuardedEndpoint, answer: Any) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_any():
            yield piece
    finally:
        answer.close()
        endpoint.metrics.replies.labels("unguarded").inc()


async def _whole(
    request: Request, endpoint: GuardedEndpoint, answer: Any, reply: GuardedReply, model: str, *, open_wide: bool
) -> Response:
    """Guard a reply that comes in one."""
    outcome = "left"
    try:
        body = await _body(answer, endpoint.most_bytes)
        outcome = "passed"
        if not open_wide:
            body, outcome = await _guard_whole(endpoint, reply, body)
        if outcome != "unreadable":
            return Response(body, 200, _headers(answer))
    except TooLarge:
        outcome = "too-large"
    except (request.app.state.trouble, OSError, TimeoutError):
        outcome = "died"
    finally:
        answer.close()
        endpoint.close(reply, "unguarded" if open_wide else outcome, model)
    return Response(trouble(outcome), 502, media_type="application/json")


async def _guard_whole(endpoint: GuardedEndpoint, reply: GuardedReply, body: bytes) -> tuple[bytes, str]:
    """Return a body as it may be sent, and its outcome; whatever breaks in the guard is `unreadable` or `unguarded`."""
    try:
        made = await run_in_threadpool(reply.whole, body)
        return made, "passed"
    except Exception:  # as in a stream: closed unless told otherwise
        return body, "unguarded" if endpoint.opens else "unreadable"


async def _body(answer: Any, most: int) -> bytes:
    """Read a body. Raises `TooLarge` before more than `most` bytes of it are held."""
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > most:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


async def _refused(endpoint: GuardedEndpoint, answer: Any) -> Response:
    """Pass on what the model's server refuses, in its own words; other servers' texts are no reply of a model."""
    try:
        body = await _body(answer, 1_000_000)
    except TooLarge:
        body = trouble("too-large")
    finally:
        answer.close()
    endpoint.metrics.replies.labels("refused").inc()
    return Response(body, answer.status if answer.status >= 400 else 502, _headers(answer))


async def _pass_on(request: Request) -> Response:
    answer = await _ask(request, None)
    try:
        return Response(await _body(answer, 1_000_000), answer.status, _headers(answer))
    finally:
        answer.close()


async def _unguarded(request: Request) -> Response:
    words = (
        f"{request.url.path} is not guarded, so it is not passed on; there are: chat/completions, completions, models"
    )
    raise Refusal(words, status=404, code="not_guarded")


async def _health(request: Request) -> Response:
    endpoint: GuardedEndpoint = request.app.state.endpoint
    ended = endpoint.calibration.ended(datetime.date.today())
    state = "expired" if ended else "drift" if endpoint.watch.alarmed else "ok"
    return JSONResponse({"status": state, "mode": endpoint.mode, "calibrated_until": str(endpoint.calibration.expires)})


async def _metrics(request: Request) -> Response:
    endpoint: GuardedEndpoint = request.app.state.endpoint
    endpoint.metrics.days.set((endpoint.calibration.expires - datetime.date.today()).days)
    page, kind = endpoint.metrics.page()
    return Response(page, media_type=kind)


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


_WORDS = {
    "died": "the model's server ended the reply before it was over",
    "too-large": "the reply is longer than the guard lets through",
    "unreadable": "the model's server sent something that cannot be read, so that it cannot be guarded",
}


def trouble(outcome: str) -> bytes:
    """Return what went wrong, in the form that OpenAI's clients raise."""
    told = {"message": _WORDS[outcome], "type": "server_error", "param": None, "code": outcome.replace("-", "_")}
    return json.dumps({"error": told}).encode()


def _headers(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in _HOPS}
