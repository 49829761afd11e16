"""What the yard answers where it has no page: refusals and faults, in the same look, with what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

import anyio.to_thread
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from drillyard.programs.submission import MAX_BYTES
from drillyard.registrar.store import AWAY, explain_unkept
from drillyard.yard.door import HEADERS
from drillyard.yard.logs import number_of_request
from drillyard.yard.pages.chat import LINES
from drillyard.yard.visit import Visit, Yard, page_of, visit_of

__all__ = ["refuse", "tell_fault", "tell_unkept"]

_AGAIN_SECONDS = 10  # when to ask again where the database was away: about a restart of it

_ADVICE = {
    400: "The yard could not read what was sent.",
    403: "You may not open this page.",
    404: "There is no such page, or it is not yours. Your drills are listed under “My drills”.",
    405: "This address is for a form. Go back and use the form.",
    413: f"What was sent is too large. A submission of claims has at most {MAX_BYTES // 1024} kB.",
    429: "Too many tries.",
    500: "Something broke on our side. Your work is kept. Load the page again; if it stays, tell your designer.",
}


async def refuse(request: Request, error: Exception) -> Response:
    """Answer a 4xx with a page in the same look: what happened, what to do; the chat's script with the line."""
    assert isinstance(error, HTTPException)
    if LINES in request.headers.get("accept", ""):
        return JSONResponse({"error": error.detail}, error.status_code)
    own = error.detail != HTTPStatus(error.status_code).phrase
    line = error.detail if own else _ADVICE.get(error.status_code, error.detail)
    known: Visit | None = getattr(request.state, "visit", None)
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:  # what is behind a fault of ours may break this page too
        with suppress(*AWAY):
            known = known or await anyio.to_thread.run_sync(visit_of, request, FormData())
        return _error_page(request, error.status_code, line, error.headers or {}, known)
    return _error_page(request, error.status_code, line, error.headers or {})


async def tell_unkept(request: Request, error: Exception) -> Response:
    """Answer with a page what the database could not keep; the yard lives on."""
    if not (line := explain_unkept(error)):
        raise error
    back = {"retry-after": str(_AGAIN_SECONDS)}
    if LINES in request.headers.get("accept", ""):
        return JSONResponse({"error": line}, 503, back)
    return _error_page(request, 503, line, back)


async def tell_fault(request: Request, error: Exception) -> Response:
    """Answer a fault of ours with a page; the traceback goes to the log."""
    number = number_of_request(request.scope)
    return _error_page(request, 500, f"{_ADVICE[500]} They find it in the log by {number}.", {"x-request-id": number})


def _error_page(
    request: Request, status: int, line: str, headers: Mapping[str, str], known: Visit | None = None
) -> Response:
    """Answer with a page, with the bar of whoever is known; what a pause refused leads back to where it was typed."""
    yard: Yard = request.app.state.yard
    told = {
        "code": status,
        "phrase": HTTPStatus(status).phrase,
        "line": line,
        "back": page_of(request) if status in (HTTPStatus.LOCKED, HTTPStatus.SERVICE_UNAVAILABLE) else "",
    }
    if known:
        answer = known.render("error.html", status, **told)
    else:
        nobody = dict.fromkeys(("csrf", "called", "learner", "staff", "said", "reviews", "weighs"))
        answer = HTMLResponse(yard.templates.get_template("error.html").render(**told, **nobody), status)
    # Where htmx asked for a part of a page, the whole error page takes the place of the body.
    whole = {"HX-Retarget": "body", "HX-Reselect": "body > *", "HX-Reswap": "innerHTML"}
    # A fault is answered outside all middleware, so the headers are put on here.
    answer.headers.update({**headers, **HEADERS, **whole})
    return answer
