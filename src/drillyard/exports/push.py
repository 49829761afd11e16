"""Sending the statements of a programme to a learning record store: each once, and on from where it stopped.

Source: xAPI 1.0.3, part three, 2.1 (statement resource), and IEEE 9274.1.1, which keeps it: a list is stored whole or
not at all; an id that the store has is answered with 409 where the statement differs, and may be where it does not.

Ids follow from the work itself, so that whatever is sent twice is one statement; the ids that a store has taken are
noted in the folder, so that a push that was killed goes on and the next one sends what is new alone.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from drillyard.errors import bad_input
from drillyard.exports.writing import make_files
from drillyard.exports.xapi import Statement
from drillyard.records.progress import Progress, silent

__all__ = ["KEY", "SECRET", "Pushed", "RecordStore", "StoreAnswer", "push"]

KEY, SECRET = "DRILLYARD_LRS_KEY", "DRILLYARD_LRS_SECRET"
"""Names of the environment that hold what a record store knows us by: a command line is seen by everybody."""
_SENT = "lrs-sent.jsonl"
_BATCH = 100
"""Statements of a request: a hundred kilobytes, far below what any store refuses; chosen."""
_TRIES, _PATIENCE, _LONGEST = 5, 30.0, 60.0
"""Tries of a request, seconds until one is given up, and the most that a store may ask us to wait before the next."""
_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, *(one for one in HTTPStatus if one >= HTTPStatus.INTERNAL_SERVER_ERROR))


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What became of the statements: taken now, there before, refused with the store's reason, and left for later.

    `stopped` says why some are left, if any are.
    """

    sent: int = 0
    known: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    left: int = 0
    stopped: str = ""


@dataclass(frozen=True, kw_only=True)
class StoreAnswer:
    """What a store says to a request: its status, what it sends, and the seconds that it asks us to wait."""

    status: int
    body: bytes = b""
    wait: float = 0.0


class _Stopped(Exception):
    """The store takes nothing more for now."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: what a store knows us by goes to the address that was typed, and to no other."""

    def redirect_request(self, *_: object) -> None:
        """Leave the answer as it is."""


class RecordStore:
    """A record store at an address; `ask` sends one request."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self.url = _check_address(url)
        plain = f"{key}:{secret}".encode()
        self._head = {
            "Authorization": f"Basic {base64.b64encode(plain).decode()}",
            "Content-Type": "application/json",
            "X-Experience-API-Version": "1.0.3",
        }
        self._opener = urllib.request.build_opener(_Stay)

    def post(self, statements: Sequence[Statement]) -> StoreAnswer:
        """Send a list of statements."""
        return self._ask(json.dumps(statements).encode(), "")

    def get(self, name: str) -> StoreAnswer:
        """Ask for a statement by its id."""
        return self._ask(None, f"?{urlencode({'statementId': name})}")

    def _ask(self, body: bytes | None, query: str) -> StoreAnswer:
        request = urllib.request.Request(f"{self.url}/statements{query}", body, self._head)
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                return StoreAnswer(status=answer.status, body=answer.read())
        except urllib.error.HTTPError as error:
            asked = str(error.headers.get("Retry-After", ""))
            with error:
                return StoreAnswer(status=error.code, body=error.read(), wait=float(asked) if asked.isdigit() else 0.0)


def push(
    path: Path,
    lrs: str,
    url: str,
    environment: Mapping[str, str] = os.environ,
    progress: Progress = silent,
    sleep: Callable[[float], object] = time.sleep,
) -> Pushed:
    """Send to a record store what it has not got yet.

    Args:
        path: the programme folder.
        lrs: the address of the store's xAPI, which `/statements` is put after.
        url: the address of the yard, under which all names lie; the same one each time, as ids follow from it.
        environment: where `KEY` and `SECRET` are.
        progress: is told how many are done.
        sleep: waits before a request is tried again.

    Raises:
        BadInput: no programme, an address that is none, nothing to show the store, or a store that knows us not.
        DrillyardError: a statement breaks a rule; nothing is sent.
    """
    key, secret = (environment.get(name, "") for name in (KEY, SECRET))
    if not key or not secret:
        raise bad_input("no key for the record store", f"{KEY} and {SECRET} in the environment", f"export {KEY}=…")
    store = RecordStore(lrs, key, secret)
    statements: list[Statement] = json.loads(make_files(path, "xapi", url)["statements.json"])
    journal = _Journal(path / _SENT, store.url)
    new = [one for one in statements if one["id"] not in journal.sent]
    sender = _Sender(store, journal, sleep)
    stopped = ""
    try:
        for start in range(0, len(new), _BATCH):
            progress("", start, len(new))
            sender.send(new[start : start + _BATCH])
    except _Stopped as error:
        stopped = str(error)
    taken = sender.sent + sender.known + len(sender.refused)
    return Pushed(
        sent=sender.sent,
        known=sender.known + len(statements) - len(new),
        refused=tuple(sender.refused),
        left=len(new) - taken,
        stopped=stopped,
    )


class _Journal:
    """The ids that each store has taken, a line for each batch; a line that a kill cut off is read over."""

    def __init__(self, path: Path, url: str) -> None:
        self._path, self._store = path, hashlib.sha256(url.encode()).hexdigest()[:16]
        self.sent: set[str] = set()
        for line in path.read_bytes().split(b"\n") if path.is_file() else ():
            with_store, ids = _read_line(line)
            if with_store == self._store:
                self.sent.update(ids)

    def note(self, ids: Sequence[str]) -> None:
        """Write down what was taken, before anything else is sent. A cut-off line before it is closed first."""
        line = json.dumps({"store": self._store, "ids": list(ids)}).encode()
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, b"\n" + line + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        self.sent.update(ids)


def _read_line(line: bytes) -> tuple[str, list[str]]:
    try:
        held = json.loads(line)
        return str(held["store"]), [str(one) for one in held["ids"]]
    except (ValueError, TypeError, KeyError):
        return "", []


class _Sender:
    """Sends batches; one that is refused is halved until what is wrong with it stands alone."""

    def __init__(self, store: RecordStore, journal: _Journal, sleep: Callable[[float], object]) -> None:
        self._store, self._journal, self._sleep = store, journal, sleep
        self.sent = self.known = 0
        self.refused: list[tuple[str, str]] = []

    def send(self, batch: Sequence[Statement]) -> None:
        """Send a batch. Raises `_Stopped` where the store takes nothing more."""
        answer = self._ask(lambda: self._store.post(batch))
        ids = [str(one["id"]) for one in batch]
        if answer.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
            self._journal.note(ids)
            self.sent += len(ids)
        elif len(batch) > 1:
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                self.send(half)
        elif answer.status == HTTPStatus.CONFLICT and self._holds(batch[0]):
            self._journal.note(ids)
            self.known += 1
        else:
            self.refused.append((ids[0], _words(answer)))

    def _holds(self, statement: Statement) -> bool:
        answer = self._ask(lambda: self._store.get(str(statement["id"])))
        try:
            return answer.status == HTTPStatus.OK and _contains(json.loads(answer.body), statement)
        except ValueError:
            return False

    def _ask(self, ask: Callable[[], StoreAnswer]) -> StoreAnswer:
        """Ask until there is an answer that is one, a little later each time."""
        for tried, pause in enumerate(_pauses(), 1):
            try:
                answer = ask()
                if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                    told = f"{KEY} and {SECRET} of one that may write statements"
                    raise bad_input(f"a record store that answers {_words(answer)}", told)
                if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) or 300 <= answer.status < 400:
                    raise bad_input(f"{_words(answer)} at {self._store.url}/statements", "the address of its xAPI")
                if answer.status not in _AGAIN:
                    return answer
                why, pause = _words(answer), max(pause, min(answer.wait, _LONGEST))
            except OSError as error:  # the line, the name, the time, the certificate
                why = str(getattr(error, "reason", error))
            if tried == _TRIES:
                raise _Stopped(f"{self._store.url} does not answer: {why}")
            self._sleep(pause)
        raise AssertionError("unreachable")


def _pauses() -> Iterator[float]:
    """Yield the seconds before each further try."""
    return (0.5 * 2**tried for tried in range(_TRIES))


def _words(answer: StoreAnswer) -> str:
    told = " ".join(answer.body.decode(errors="replace").split())
    return f"{answer.status}{f': {told[:200]}' if told else ''}"


def _contains(held: Any, sent: Any, key: str = "") -> bool:
    """Say whether a store holds what was sent; it may add to it, and write a time in another way."""
    if isinstance(sent, dict):
        return isinstance(held, dict) and all(_contains(held.get(name), one, name) for name, one in sent.items())
    if isinstance(sent, list):
        pairs = zip(held, sent, strict=True) if isinstance(held, list) and len(held) == len(sent) else None
        return pairs is not None and all(_contains(one, other) for one, other in pairs)
    if key == "timestamp" and isinstance(held, str):
        return datetime.fromisoformat(held) == datetime.fromisoformat(sent)
    return bool(held == sent)


def _check_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise bad_input(f"{url[:100]!r}", "the address of a record store", "type --lrs https://lrs.example.org/xapi")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise bad_input(f"{url[:100]!r}, which everybody on the way reads", "https", "type --lrs https://…")
    return url.rstrip("/").removesuffix("/statements")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
