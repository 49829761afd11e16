"""Three applications over one gateway: askers, approvers and operators never share a door, a key or a route.

Replies are padded to a multiple of `reply_bytes` and sent at a multiple of `reply_milliseconds` after the request.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import Account, Plane
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import WINDOW_SECONDS, Signed
from drillyard.containment.gateway.store import Replayed
from drillyard.containment.gateway.tickets import Ticket, TicketRefused, Voted
from drillyard.errors import DrillyardError
from drillyard.organisms.listening import BodyLimit

__all__ = ["Service", "approver_app", "asker_app", "operator_app"]

_LOG = logging.getLogger(__name__)
_PULSE = 1.0
"""Seconds between two looks at whether a canary is due: chosen, not measured."""

_SIGNED = ("account", "time", "nonce", "signature")
_MAX_BODY = 32_768
"""Bytes of a request: several times the longest question and its signature."""

Handler = Callable[[Request, Account, Signed], Awaitable[Mapping[str, Any]]]


class Service:
    """A gateway with the threads that run its forecaster and its canaries, and the memory of requests that were seen.

    Args:
        gateway: that is served.
        workers: forecasters that run at once.
        pulse: seconds between two looks at the canaries.
    """

    def __init__(self, gateway: Gateway, workers: int = 2, pulse: float = _PULSE) -> None:
        self.gateway = gateway
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="episodes")
        self._seen: dict[tuple[str, str], float] = {}
        self._lock, self._over = threading.Lock(), threading.Event()
        self._ticker = threading.Thread(target=self._tick, args=(pulse,), name="canaries", daemon=True)
        self._ticker.start()

    def close(self) -> None:
        """Let the episodes that run end, and take no more."""
        self._over.set()
        self._ticker.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, name: str) -> None:
        """Run an admitted question when a thread is free."""
        self._pool.submit(self._run, name)

    def account(self, request: Request, body: bytes, planes: tuple[Plane, ...]) -> tuple[Account, Signed]:
        """Return who signed a request. Raises `HTTPException` 403, always the same, for any fault."""
        head, now = request.headers, self.gateway.clock.now()
        name, at, nonce, mark = (unquote(head.get(f"x-{part}", "")) for part in _SIGNED)
        account = self.gateway.keyring.find(name, *planes)
        try:
            words = body.decode()
        except UnicodeDecodeError:
            raise HTTPException(403) from None
        path = request.url.path
        signed = Signed(account=name, method=request.method, path=path, at=at, nonce=nonce, body=words, signature=mark)
        if account is None or not signed.is_near(now) or not 16 <= len(nonce) <= 64 or not signed.is_from(account):
            raise HTTPException(403)
        with self._lock:
            if (name, nonce) in self._seen:
                raise HTTPException(403)
            self._seen[name, nonce] = now
            while self._seen and next(iter(self._seen.values())) < now - 2 * WINDOW_SECONDS:
                del self._seen[next(iter(self._seen))]
        return account, signed

    def _run(self, name: str) -> None:
        # A clock that cannot be believed, or a database that is gone: the question is lost, nothing leaves.
        with suppress(DrillyardError, SQLAlchemyError):
            self.gateway.run(name)

    def _tick(self, pulse: float) -> None:
        while not self._over.wait(pulse):
            with suppress(DrillyardError, SQLAlchemyError):
                for name in self.gateway.tick():
                    self.start(name)


def asker_app(service: Service) -> Starlette:
    """Build the askers' door: put a question, look at one's own."""
    gateway = service.gateway

    async def ask(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        try:
            question = Question.from_json(signed.body)
        except DrillyardError:
            return _told(Ticket(id=secrets.token_hex(12), state="refused"))
        ticket = await run_in_threadpool(gateway.ask, account, question, signed.nonce)
        if ticket.state == "received":
            service.start(ticket.id)
        return _told(ticket)

    async def look(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        return _told(await run_in_threadpool(gateway.fetch, account, request.path_params["id"]))

    async def head(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        last = (await run_in_threadpool(gateway.store.seen)).head
        return {"sequence": last.sequence, "digest": last.digest}

    doors = {("POST", "/questions"): ask, ("GET", "/questions/{id}"): look, ("GET", "/head"): head}
    return _app(service, doors, ("asker",))


def approver_app(service: Service) -> Starlette:
    """Build the approvers' door: see what waits, cast one's vote, never see an answer or another's vote."""
    gateway = service.gateway

    async def waiting(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        return {"questions": await run_in_threadpool(gateway.pending, account)}

    async def vote(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        await run_in_threadpool(gateway.vote, request.path_params["id"], signed)
        return {"state": "cast"}

    return _app(service, {("GET", "/questions"): waiting, ("POST", "/questions/{id}/votes"): vote}, ("approver",))


def operator_app(service: Service) -> Starlette:
    """Build the operators' door: lease, policy, scores; and the kill switch, which takes a kill key alone."""
    gateway = service.gateway

    async def lease(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        until = await run_in_threadpool(gateway.renew, signed)
        return {"until": until} if until else {"state": "killed", "next": "open a new epoch"}

    async def kill(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        with suppress(TicketRefused):
            gateway.halt(account)  # on the loop: it must not wait for a thread, of which all may be busy
        await run_in_threadpool(gateway.kill, signed)
        return {"state": "killed"}

    async def epoch(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        return {"epoch": await run_in_threadpool(gateway.new_epoch, signed)}

    async def outcome(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        return {"score": await run_in_threadpool(gateway.resolve, request.path_params["id"], signed)}

    async def canaries(request: Request, account: Account, signed: Signed) -> Mapping[str, Any]:
        if account.plane != "operator":
            raise HTTPException(403)
        return {"left": gateway.canaries.left, "open": len(gateway.canaries.open)}

    doors = {
        ("POST", "/lease"): lease,
        ("POST", "/kill"): kill,
        ("POST", "/epoch"): epoch,
        ("POST", "/questions/{id}/outcome"): outcome,
        ("GET", "/canaries"): canaries,
    }
    return _app(service, doors, ("operator", "kill"))


def _app(service: Service, doors: Mapping[tuple[str, str], Handler], planes: tuple[Plane, ...]) -> Starlette:
    routes = [
        Route(path, _guarded(service, handler, planes), methods=[verb]) for (verb, path), handler in doors.items()
    ]

    async def refused(request: Request, error: Exception) -> Response:
        """Answer what no handler took: another address, another method."""
        policy = service.gateway.policy
        await _pace(time.monotonic(), policy)
        return _reply({"state": "refused"}, policy, error.status_code if isinstance(error, HTTPException) else 500)

    app = Starlette(
        routes=routes,
        middleware=[Middleware(BodyLimit, limit=_MAX_BODY)],
        exception_handlers={HTTPException: refused, Exception: refused},
    )
    app.router.redirect_slashes = False  # a redirect is made from the Host header, and nobody signed for it
    return app


def _guarded(service: Service, handler: Handler, planes: tuple[Plane, ...]) -> Callable[[Request], Awaitable[Response]]:
    """Put the signature, the padding and the pace around a handler."""

    async def guarded(request: Request) -> Response:
        began, policy = time.monotonic(), service.gateway.policy
        status = 200
        try:
            body = await request.body()
            account, signed = service.account(request, body, planes)
            data = await handler(request, account, signed)
        except HTTPException as error:
            data, status = {"state": "refused"}, error.status_code
        except Voted:
            data, status = {"state": "voted"}, 409
        except (TicketRefused, Replayed):
            data, status = {"state": "refused"}, 403
        except (DrillyardError, SQLAlchemyError):
            data, status = {"state": "refused"}, 503
        except Exception as error:  # whatever it is, its reply looks like any other, and its words may hold an answer
            _LOG.error("a request failed with %s", type(error).__name__)
            data, status = {"state": "refused"}, 503
        await _pace(began, policy)
        return _reply(data, policy, status)

    return guarded


async def _pace(began: float, policy: GatewayPolicy) -> None:
    """Wait until a multiple of the policy's pace is over."""
    if policy.reply_milliseconds:
        pace = policy.reply_milliseconds / 1000
        took = time.monotonic() - began
        await asyncio.sleep(math.ceil(took / pace) * pace - took)


def _reply(data: Mapping[str, Any], policy: GatewayPolicy, status: int) -> Response:
    text = json.dumps({**data, "pad": ""}, ensure_ascii=True)
    pad = "." * (-len(text) % policy.reply_bytes)
    return Response(
        f'{text[:-2]}{pad}"}}', status, media_type="application/json", headers={"cache-control": "no-store"}
    )


def _told(ticket: Ticket) -> dict[str, str]:
    return {"id": ticket.id, "state": ticket.state, "answer": ticket.answer}
