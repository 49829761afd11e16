"""The guard as ASGI middleware: around an application of one's own that answers as OpenAI's API does.

    app = Starlette(…, middleware=[Middleware(GuardMiddleware, endpoint=GuardedEndpoint(guard=…, calibration=…))])

Does not cover: answers on other paths, and bodies that are compressed before they get here (put compression outside).
"""

from __future__ import annotations

import datetime
from collections.abc import MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drillyard.guards.proxy.app import GROUP, GuardedEndpoint, guard_piece, trouble
from drillyard.guards.proxy.events import EventReader, event
from drillyard.guards.proxy.reply import GuardedReply

__all__ = ["GuardMiddleware"]

_PATHS = ("/chat/completions", "/completions")


class GuardMiddleware:
    """Guards what an application says under `…/chat/completions` and `…/completions`, in the endpoint's mode."""

    def __init__(self, app: ASGIApp, endpoint: GuardedEndpoint) -> None:
        self._app, self._endpoint = app, endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer through the guard."""
        guarded = scope["type"] == "http" and scope["path"].endswith(_PATHS)
        over = self._endpoint.calibration.ended(datetime.date.today())
        if not guarded or (over and self._endpoint.opens):
            await self._app(scope, receive, send)
            return
        answer = _Answer(self._endpoint, Headers(scope=scope).get(GROUP, ""), send, closed=over)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            self._endpoint.close(answer.reply, answer.outcome, "")


class _Answer:
    """One answer on its way out."""

    def __init__(self, endpoint: GuardedEndpoint, group: str, send: Send, *, closed: bool) -> None:
        self._endpoint, self._send, self._closed = endpoint, send, closed
        self.reply: GuardedReply = endpoint.guarded(group)
        self.outcome = "left"
        self._events = EventReader(endpoint.most_bytes)
        self._start: MutableMapping[str, Any] = {}
        self._streams = self._ended = False
        self._body = b""

    async def send(self, message: Message) -> None:
        """Send what may be sent of a message."""
        if message["type"] == "http.response.start":
            self._start = message
            headers = MutableHeaders(raw=message["headers"])
            self._streams = headers.get("content-type", "").startswith("text/event-stream")
            del headers["content-length"]
            if self._streams and not self._closed and message["status"] == 200:
                await self._send(message)
        elif self._ended:
            return
        elif self._start["status"] != 200:
            await self._whole(message, guarded=False)
        elif self._closed:
            self._ended, self.outcome = True, "unreadable"
            await self._all(503, trouble("unreadable"))
        elif self._streams:
            await self._stream(message)
        else:
            await self._whole(message, guarded=True)

    async def _stream(self, message: Message) -> None:
        out, failed = await guard_piece(self._endpoint, self.reply, self._events, message.get("body", b""))
        over = not message.get("more_body", False) or self.reply.done or bool(failed)
        if over:
            self._ended = True
            self.outcome = failed or self.reply.outcome
            if self.outcome == "died":
                out += self.reply.rest()
            if self.outcome not in ("passed", "unguarded"):
                out.append(trouble(self.outcome))
        body = b"".join(map(event, out))
        if body or over:
            await self._send({"type": "http.response.body", "body": body, "more_body": not over})

    async def _whole(self, message: Message, *, guarded: bool) -> None:
        self._body += message.get("body", b"")
        if len(self._body) > self._endpoint.most_bytes:
            self._ended, self.outcome = True, "too-large"
            await self._all(502, trouble("too-large"))
        elif not message.get("more_body", False):
            self._ended, status, body = True, self._start["status"], self._body
            self.outcome = "passed" if guarded else "refused"
            if guarded:
                try:
                    body = await run_in_threadpool(self.reply.whole, body)
                except Exception:  # as in the proxy: closed unless told otherwise
                    self.outcome = "unguarded"
                    if not self._endpoint.opens:
                        self.outcome, status, body = "unreadable", 502, trouble("unreadable")
            await self._all(status, body)

    async def _all(self, status: int, body: bytes) -> None:
        headers = MutableHeaders(raw=list(self._start["headers"]))
        headers["content-length"] = str(len(body))
        if status != self._start["status"]:
            headers["content-type"] = "application/json"
        await self._send({"type": "http.response.start", "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
