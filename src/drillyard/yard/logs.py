"""Logs for a machine to read: one line of JSON each, with nothing in them that a person typed, is called or opens.

What is not written cannot leak, so words come from our own source alone: a message's template, of what fills it numbers
and opaque ids only, an error's kind with the places that it went through and never its words, an address with the names
taken out. A library's message is its template, from a warning on. Each request has a number of its own, in every line
that it led to, in the header `X-Request-ID` and on a page that says that something broke.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drillyard.yard.measures import route_of

__all__ = ["JsonLines", "Numbered", "number_of_request", "set_up_logs"]

_REQUEST: ContextVar[str] = ContextVar("request", default="")
_OURS = "drillyard"
_PACKAGE = Path(__file__).resolve().parents[1]
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_MOST_PLACES = 12

_log = logging.getLogger(__name__)


def set_up_logs(to: TextIO | None = None) -> logging.Handler:
    """Write the logs of this process as lines of JSON, in place of what wrote them, and return what does."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(_is_wanted)
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    return handler


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; fields of ours come in `extra={"told": {…}}`, whose texts are held to the same rule."""
        line: dict[str, Any] = {
            "at": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "from": record.name,
            "what": _words(record),
        }
        if request := _REQUEST.get():
            line["request"] = request
        line |= {name: _plain(value) for name, value in getattr(record, "told", {}).items()}
        if record.exc_info and record.exc_info[1]:
            line["error"] = list(_chain(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=True)


class Numbered:
    """Gives each request its number, and writes how each was answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its number."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number, began, status = secrets.token_hex(6), time.perf_counter(), 500
        scope["state"] = {**scope.get("state", {}), "number": number}

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = number
            await send(message)

        fault: Exception | None = None
        _REQUEST.set(number)
        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            fault = error
            raise
        finally:
            told = {"method": scope["method"], "status": status, "ms": round(1000 * (time.perf_counter() - began), 1)}
            level = logging.ERROR if fault else logging.INFO
            _log.log(level, "answered %s", _Route(route_of(scope)), exc_info=fault, extra={"told": told})


class _Route(str):
    """An address whose names were taken out."""


def number_of_request(scope: Scope) -> str:
    """Return a request's number, by which its lines are found."""
    return str(scope.get("state", {}).get("number", ""))


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] == _OURS


def _is_wanted(record: logging.LogRecord) -> bool:
    """Leave out what libraries say below a warning, and the server's own word of a fault: its answer's line has it."""
    if record.name == "uvicorn.error" and record.exc_info:
        return False
    return _is_ours(record) or record.levelno >= logging.WARNING


def _words(record: logging.LogRecord) -> str:
    """Return a message: its template, filled only with what may be written."""
    template = str(record.msg) if _is_ours(record) or record.args else f"a message of {record.name}"
    if not _is_ours(record) or not record.args:
        return template
    args = record.args if isinstance(record.args, tuple) else (record.args,)
    try:
        return template % tuple(map(_plain, args))
    except (TypeError, ValueError):
        return template


def _plain(value: object) -> object:
    """Return a value that may be written, or what kind of value was left out."""
    if isinstance(value, _Route | int | float):
        return value
    if isinstance(value, str):
        return value if _ID.fullmatch(value) else "…"
    return type(value).__name__


def _chain(error: BaseException) -> Iterator[dict[str, object]]:
    """Yield an error and what led to it, the first cause last: kinds, codes and places, never words."""
    seen: BaseException | None = error
    while seen is not None:
        found: dict[str, object] = {"kind": type(seen).__name__}
        code = (
            getattr(seen, "sqlstate", None) or getattr(seen, "errno", None) or getattr(seen, "sqlite_errorname", None)
        )
        if isinstance(code, str | int):
            found["code"] = code
        places = traceback.extract_tb(seen.__traceback__)
        found["at"] = [_place(one) for one in places][-_MOST_PLACES:]
        yield found
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    shown = path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else path.name
    return f"{shown}:{frame.lineno} {frame.name}"
