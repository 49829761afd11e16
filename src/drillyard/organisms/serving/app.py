"""The server as a web application: routes, refusals, who may come in, and how the workers begin and end."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.listening import MOST_BYTES, BodyLimit, is_loopback
from drillyard.organisms.serving.answers import answer
from drillyard.organisms.serving.batches import BATCH_ROUTES, FILES, Batches
from drillyard.organisms.serving.bodies import ChatBody, CompletionBody, SharedBody
from drillyard.organisms.serving.orders import chat_order, completion_order
from drillyard.organisms.serving.refusal import Refusal, refusal_of
from drillyard.organisms.serving.served import Served

__all__ = ["FileLimit", "PageDoor", "TokenDoor", "make_app"]

Body = TypeVar("Body", bound=SharedBody)


def make_app(organisms: Mapping[str, Organism], token: str = "", ready: Callable[[], None] | None = None) -> Starlette:
    """Build the server of these organisms, by model id; `ready` is called once it answers.

    With a token, everything under /v1 asks for it as a bearer.
    """

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        app.state.served = {name: Served(name, organism) for name, organism in organisms.items()}
        async with contextlib.AsyncExitStack() as workers:
            for served in app.state.served.values():
                await workers.enter_async_context(served.worker.at_work())
            app.state.batches = Batches(app.state.served)
            workers.push_async_callback(app.state.batches.stop)
            if ready:
                ready()
            yield

    app = Starlette(
        routes=[
            Route("/health", _health, methods=["GET"]),
            Route("/v1/models", _models, methods=["GET"]),
            Route("/v1/models/{model:path}", _model, methods=["GET"]),
            Route("/v1/chat/completions", _chat, methods=["POST"]),
            Route("/v1/completions", _completions, methods=["POST"]),
            *BATCH_ROUTES,
        ],
        middleware=[Middleware(PageDoor, token=token), Middleware(TokenDoor, token=token), Middleware(FileLimit)],
        exception_handlers={Refusal: _refuse, HTTPException: _http_refusal, Exception: _fault},
        lifespan=life,
    )
    app.router.redirect_slashes = False  # a redirect is made from the Host header, which anybody sets
    return app


class PageDoor:
    """Keeps out web pages, which a browser on this machine lets send requests to it.

    A page of another site says so in Origin; one that has its own name point to this machine is known by Host, which is
    not looked at where a token keeps it out; and a form cannot send JSON. Files come as a form, which says Origin.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._any_host = app, bool(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it before its body is read."""
        words = self._refused(Headers(scope=scope)) if scope["type"] == "http" else ""
        kind = Headers(scope=scope).get("content-type", "") if scope["type"] == "http" else ""
        if words:
            await Refusal(words, status=403, code="forbidden").response()(scope, receive, send)
        elif scope.get("method") == "POST" and kind.partition(";")[0].strip().lower() != _type_of(scope["path"]):
            words = f"the body is {kind or 'of no type'}: send it with Content-Type: {_type_of(scope['path'])}"
            await Refusal(words, status=415).response()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refused(self, headers: Headers) -> str:
        origin, host = headers.get("origin", ""), headers.get("host", "")
        if origin and not _is_here(urlsplit(origin).hostname):
            return f"a page of {origin} may not ask this server"
        if not self._any_host and not _is_here(urlsplit(f"//{host}").hostname):
            return f"this server is asked as 127.0.0.1 or localhost, not as {host}, unless it has a token"
        return ""


def _type_of(path: str) -> str:
    return "multipart/form-data" if path == FILES else "application/json"


def _is_here(host: str | None) -> bool:
    return host is not None and is_loopback(host)


class FileLimit:
    """Refuses bodies that are too large; a file may be larger than a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._request, self._file = BodyLimit(app), BodyLimit(app, MOST_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body under watch."""
        await (self._file if scope.get("path") == FILES else self._request)(scope, receive, send)


class TokenDoor:
    """Lets requests under /v1 in only with the token, compared in constant time; an empty token lets everybody in."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it before its body is read."""
        if self._expected and scope["type"] == "http" and scope["path"].startswith("/v1"):
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                words = "the token is wrong" if given else "the token is missing: send it as Authorization: Bearer …"
                await Refusal(words, status=401, code="invalid_api_key").response()(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _health(request: Request) -> JSONResponse:
    """Say that the server answers, and how many choices each model is busy with."""
    served: Mapping[str, Served] = request.app.state.served
    busy = {name: {"running": one.worker.running, "waiting": one.worker.waiting} for name, one in served.items()}
    return JSONResponse({"status": "ok", "models": busy})


async def _models(request: Request) -> JSONResponse:
    served: Mapping[str, Served] = request.app.state.served
    return JSONResponse({"object": "list", "data": [one.data for one in served.values()]})


async def _model(request: Request) -> JSONResponse:
    return JSONResponse(_find(request, request.path_params["model"]).data)


async def _chat(request: Request) -> Response:
    body = await _read(request, ChatBody)
    served = _find(request, body.model)
    return await answer(request, served, served.chat, chat_order(body, served.organism))


async def _completions(request: Request) -> Response:
    body = await _read(request, CompletionBody)
    served = _find(request, body.model)
    return await answer(request, served, served.completion, completion_order(body, served.organism))


async def _read(request: Request, kind: type[Body]) -> Body:
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        raise refusal_of(error) from None


def _find(request: Request, name: str) -> Served:
    served: Mapping[str, Served] = request.app.state.served
    if name not in served:
        words = f"the model {name!r} is not served here; there is: {', '.join(served)}"
        raise Refusal(words, status=404, param="model", code="model_not_found")
    return served[name]


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _http_refusal(_request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: an unknown address, a wrong method, a body that is too large."""
    assert isinstance(error, HTTPException)
    words = "the body is too large" if error.status_code == 413 else HTTPStatus(error.status_code).phrase.lower()
    return Refusal(words, status=error.status_code).response()


async def _fault(_request: Request, _error: Exception) -> Response:
    """Answer a fault of ours; the traceback goes to the log."""
    return Refusal("the server broke on this request", status=500, code="internal_error").response()
