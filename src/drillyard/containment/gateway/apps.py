"""Three applications over one gateway: askers, approvers and operators never share a door, a key or a route.

Replies are padded to a multiple of `reply_bytes` and sent at a multiple of `reply_milliseconds` after the request.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from drillyard.containment.gateway.gateway import Gateway, Refused, Ticket
from drillyard.containment.gateway.keys import Account, Plane, is_signed
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.store import Replayed
from drillyard.errors import DrillyardError
from drillyard.organisms.listening import BodyLimit

__all__ = ["WINDOW_SECONDS", "Service", "approver_app", "asker_app", "operator_app"]

WINDOW_SECONDS = 60.0
"""How old a signed request may be."""

_MAX_BODY = 32_768

Handler = Callable[[Request, Account, str, bytes], Awaitable[Mapping[str, Any]]]


class Service:
    """A gateway with the threads that run its forecaster, and the memory of requests that were seen."""

    def __init__(self, gateway: Gateway, workers: int = 2) -> None:
        self.gateway = gateway
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="episodes")
        self._seen: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let the episodes that run end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, name: str) -> None:
        """Run an admitted question when a thread is free."""
        self._pool.submit(self._run, name)

    def account(self, request: Request, body: bytes, planes: tuple[Plane, ...]) -> tuple[Account, str]:
        """Return who signed a request and its nonce. Raises `HTTPException` 403, always the same, for any fault."""
        head, now = request.headers, self.gateway.clock.now()
        name, at, nonce = (head.get(f"x-{part}", "") for part in ("account", "time", "nonce"))
        account = self.gateway.keyring.find(name, *planes)
        try:
            near = abs(now - float(at)) <= WINDOW_SECONDS
        except ValueError:
            near = False
        if account is None or not near or not 16 <= len(nonce) <= 64:
            raise HTTPException(403)
        if not is_signed(account, head.get("x-signature", ""), request.method, request.url.path, at, nonce, body):
            raise HTTPException(403)
        with self._lock:
            if (name, nonce) in self._seen:
                raise HTTPException(403)
            self._seen[name, nonce] = now
            while self._seen and next(iter(self._seen.values())) < now - 2 * WINDOW_SECONDS:
                del self._seen[next(iter(self._seen))]
        return account, nonce

    def _run(self, name: str) -> None:
        with suppress(DrillyardError):  # a clock that cannot be believed: the question is lost, nothing leaves
            self.gateway.run(name)


def asker_app(service: Service) -> Starlette:
    """Build the askers' door: put a question, look at one's own."""
    gateway = service.gateway

    async def ask(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        try:
            question = Question.from_json(body)
        except DrillyardError:
            return _told(Ticket(id=secrets.token_hex(12), state="refused"))
        ticket = await run_in_threadpool(gateway.ask, account, question, nonce)
        if ticket.state == "received":
            service.start(ticket.id)
        return _told(ticket)

    async def look(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        return _told(await run_in_threadpool(gateway.fetch, account, request.path_params["id"]))

    async def head(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        sequence, digest = await run_in_threadpool(gateway.store.head)
        return {"sequence": sequence, "digest": digest}

    doors = {("POST", "/questions"): ask, ("GET", "/questions/{id}"): look, ("GET", "/head"): head}
    return _app(service, doors, ("asker",))


def approver_app(service: Service) -> Starlette:
    """Build the approvers' door: see what waits, cast one's vote, never see an answer or another's vote."""
    gateway = service.gateway

    async def waiting(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        return {"questions": await run_in_threadpool(gateway.pending, account)}

    async def vote(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        approve = _data(body).get("approve")
        if not isinstance(approve, bool):
            raise HTTPException(400)
        await run_in_threadpool(gateway.vote, account, request.path_params["id"], approve, nonce)
        return {"state": "cast"}

    return _app(service, {("GET", "/questions"): waiting, ("POST", "/questions/{id}/votes"): vote}, ("approver",))


def operator_app(service: Service) -> Starlette:
    """Build the operators' door: lease, policy, scores; and the kill switch, which takes a kill key alone."""
    gateway = service.gateway

    async def lease(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        return {"until": await run_in_threadpool(gateway.renew, account, nonce)}

    async def kill(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        with suppress(Refused):
            gateway.halt(account)  # on the loop: it must not wait for a thread, of which all may be busy
        await run_in_threadpool(gateway.kill, account, nonce)
        return {"state": "killed"}

    async def epoch(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        policy = GatewayPolicy.from_json(body)
        return {"epoch": await run_in_threadpool(gateway.new_epoch, account, policy, nonce)}

    async def outcome(request: Request, account: Account, nonce: str, body: bytes) -> Mapping[str, Any]:
        value = _data(body).get("outcome")
        if value not in (0, 1):
            raise HTTPException(400)
        score = await run_in_threadpool(gateway.resolve, account, request.path_params["id"], float(value), nonce)
        return {"score": score}

    doors = {
        ("POST", "/lease"): lease,
        ("POST", "/kill"): kill,
        ("POST", "/epoch"): epoch,
        ("POST", "/questions/{id}/outcome"): outcome,
    }
    return _app(service, doors, ("operator", "kill"))


def _app(service: Service, doors: Mapping[tuple[str, str], Handler], planes: tuple[Plane, ...]) -> Starlette:
    routes = [
        Route(path, _guarded(service, handler, planes), methods=[verb]) for (verb, path), handler in doors.items()
    ]

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _reply({"state": "refused"}, service.gateway.policy, status)

    return Starlette(
        routes=routes,
        middleware=[Middleware(BodyLimit, limit=_MAX_BODY)],
        exception_handlers={HTTPException: refused, Exception: refused},
    )


def _guarded(service: Service, handler: Handler, planes: tuple[Plane, ...]) -> Callable[[Request], Awaitable[Response]]:
    """Put the signature, the padding and the pace around a handler."""

    async def guarded(request: Request) -> Response:
        began, policy = time.monotonic(), service.gateway.policy
        status = 200
        try:
            body = await request.body()
            account, nonce = service.account(request, body, planes)
            data = await handler(request, account, nonce, body)
        except HTTPException as error:
            data, status = {"state": "refused"}, error.status_code
        except (Refused, Replayed):
            data, status = {"state": "refused"}, 403
        except DrillyardError:
            data, status = {"state": "refused"}, 503
        if policy.reply_milliseconds:
            pace = policy.reply_milliseconds / 1000
            took = time.monotonic() - began
            await asyncio.sleep(math.ceil(took / pace) * pace - took)
        return _reply(data, policy, status)

    return guarded


def _reply(data: Mapping[str, Any], policy: GatewayPolicy, status: int) -> Response:
    text = json.dumps({**data, "pad": ""}, ensure_ascii=True)
    pad = "." * (-len(text) % policy.reply_bytes)
    return Response(
        f'{text[:-2]}{pad}"}}', status, media_type="application/json", headers={"cache-control": "no-store"}
    )


def _told(ticket: Ticket) -> dict[str, str]:
    return {"id": ticket.id, "state": ticket.state, "answer": ticket.answer}


def _data(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        raise HTTPException(400) from None
    return data if isinstance(data, dict) else {}
