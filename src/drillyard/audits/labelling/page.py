"""The page on which a person labels replies: one at a time, on this machine only, with the keyboard or a click.

A label is on the disk before the next reply appears. The address holds a secret: a page of another site, which a
browser lets send forms to this machine, does not know it, and so labels nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from typing import get_args

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from drillyard.audits.labelling.book import Book
from drillyard.errors import BadInput
from drillyard.organisms.listening import BodyLimit
from drillyard.records.labels import JudgedReply, Word
from drillyard.records.pages import fill

__all__ = ["LabelPage"]

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class LabelPage:
    """A web application that shows these replies in turn. `path` is where it stands; `done` is set after the last."""

    def __init__(self, book: Book, wanted: Sequence[JudgedReply], *, settles: bool = False) -> None:
        self._book, self._wanted, self._settles = book, list(wanted), settles
        self._said: dict[str, str] = {}
        self._lock = threading.Lock()
        self.path, self.done = f"/{secrets.token_urlsafe(16)}/", threading.Event()
        routes = [Route(self.path, self._show, methods=["GET"]), Route(self.path, self._take, methods=["POST"])]
        self.app = BodyLimit(Starlette(routes=routes), limit=20_000)

    async def _show(self, request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(self._page), headers=_HEADERS)

    async def _take(self, request: Request) -> Response:
        form = await request.form()
        reply, word = str(form.get("reply", "")), str(form.get("word", ""))
        try:
            await run_in_threadpool(self._label, reply, word)
        except BadInput as error:
            return PlainTextResponse(f"{error}\n", status_code=400, headers=_HEADERS)
        return RedirectResponse(self.path, status_code=303, headers=_HEADERS)

    def _label(self, reply: str, word: str) -> None:
        known: tuple[Word, ...] = get_args(Word)
        chosen = next((one for one in known if one == word), None)
        if chosen is None:
            raise BadInput(f"found the label {word!r}, expected one of: {', '.join(known)}")
        with self._lock:
            if self._said.get(reply) != chosen:  # sent twice, as by a reload, it is one label
                self._book.add(reply, chosen, settles=self._settles)
            self._said[reply] = chosen

    def _page(self) -> str:
        with self._lock:
            left = [one for one in self._wanted if one.id not in self._said]
        if not left:
            self.done.set()
        return fill(
            "audits",
            "label.html.j2",
            one=left[0] if left else None,
            number=len(self._wanted) - len(left) + 1,
            total=len(self._wanted),
            behaviour=self._book.behaviour,
            meaning=self._book.meaning,
            facts=self._book.evidence(left[0]) if left else [],
            said=self._others(left[0]) if left and self._settles else [],
            path=self.path,
        )

    def _others(self, one: JudgedReply) -> list[str]:
        labels = [label for label in self._book.labels if label.reply == one.id and not label.settles]
        return [f"{label.rater}: {label.word}" for label in labels if label.behaviour == self._book.behaviour]
