"""The yard's database: who is signed in, what was said to the models, and the work that is not handed in yet.

SQLite, one file `yard.db` in the programme folder, or PostgreSQL (`records/databases.py`: what was committed is on the
disk). A writer takes its lock with the first statement, be it a read, so that two requests never act on the same stale
reading: SQLite's one lock (`BEGIN IMMEDIATE`), or advisory locks of PostgreSQL, where those who write under different
keys, such as two learners, do not wait for each other. Who reads sees one moment of the database, on both.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import delete, event, insert, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from drillyard.errors import BadInput, bad_input
from drillyard.records import Claim
from drillyard.records.databases import is_postgres, open_engine, reached
from drillyard.registrar.schema import bring_up, check_sound
from drillyard.registrar.tables import (
    ChatRow,
    ClaimRow,
    EventRow,
    HintRow,
    JoinRow,
    LearnerRow,
    ProgrammeRow,
    SessionRow,
    SubmissionRow,
)

__all__ = ["AWAY", "SESSION_SECONDS", "Refused", "Store", "digest", "explain_unkept", "require_open"]

SESSION_SECONDS = 12 * 3600.0
"""A working day, so that nobody has to sign in again over lunch."""

_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_HOW = "leave --db and DRILLYARD_DB out for SQLite"
_ALL, _KEYED = 0x0D121178, 0x0D121179  # our numbers among the advisory locks of a PostgreSQL database
_LOCK_ALL = text(f"SELECT pg_advisory_xact_lock({_ALL}, 0)")
_LOCK_ONE = text(
    f"SELECT pg_advisory_xact_lock_shared({_ALL}, 0), pg_advisory_xact_lock({_KEYED}, hashtext(CAST(:key AS text)))"
)


AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What a database raises that is away, full or too busy: the same may be kept a little later."""


class Refused(BadInput):
    """What a learner asked for cannot be done; the line is for them to read, and names nothing of the server."""


class Store:
    """Reads and writes of everything but submissions (those are in `submissions.py`).

    `where` is a SQLite file or a database's URL. `clock` gives seconds since 1970; tests pass their own to let sessions
    run out. `mark` is that of the programme whose yard it is. A server whose tables are of an earlier Drillyard is
    brought up where `upgrade` names the folder for a copy of it, and refused otherwise; `found` is the shape that it
    had. Rows that are returned are detached: they are values, changing them changes nothing.

    Raises:
        BadInput: the database is damaged, cannot be reached or written, is of another Drillyard or another programme.
        MissingExtra: psycopg is not installed.
    """

    def __init__(
        self,
        where: Path | str,
        clock: Callable[[], float] = time.time,
        *,
        mark: str = "",
        upgrade: Path | None = None,
    ) -> None:
        self.clock = clock
        self._writers = threading.Lock()  # SQLite lets writers wait too, but by trying again after ever longer sleeps
        self._engine = open_engine(where if isinstance(where, str) else f"sqlite:///{where}", _HOW)
        self._shared = is_postgres(self._engine)
        self._seeing = self._engine.execution_options(**(_ONE_MOMENT if self._shared else {}))
        self._locking = self._engine.execution_options(lock="IMMEDIATE", lasting=True)
        self._quick = self._engine.execution_options(lock="IMMEDIATE", lasting=False)
        if self._shared:
            try:
                with reached(self._engine, "a yard's tables and rights", _HOW):
                    self._set_up(mark, upgrade, told=upgrade is not None)
            except BaseException:
                self.close()
                raise
        else:
            self._open_file(Path(self._engine.url.database or ""), mark)

    def close(self) -> None:
        """Give the database back; a thread that is still at work gives its connection back as it ends."""
        event.listen(self._engine, "checkin", _end_connection)
        self._engine.dispose()

    def _open_file(self, path: Path, mark: str) -> None:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # its journals get the same rights from SQLite
            self._set_up(mark, path.parent, told=True)
        except BadInput as error:
            self.close()
            raise BadInput(f"{path}: {error}") from None
        except (DBAPIError, sqlite3.Error, OSError) as error:
            self.close()
            what = str(getattr(error, "orig", error)).splitlines()[0]
            hint = "restore it from a copy, or make room and give it back its rights"
            raise bad_input(f"{str(path)!r} ({what})", "a database of the yard that can be written", hint) from None

    def _set_up(self, mark: str, copy: Path | None, told: bool) -> None:
        with self._locking.begin() as connection:
            if self._shared:
                connection.execute(_LOCK_ALL)  # several yards may start on an empty database at once
            else:
                check_sound(connection)
            self.found = bring_up(connection, copy, told=told)
            if mark and (there := connection.scalars(select(ProgrammeRow.mark)).all()) != [mark]:
                if there:
                    raise bad_input("the database of another programme's yard", "one of its own for each", _HOW)
                connection.execute(insert(ProgrammeRow).values(mark=mark))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads, and sees one moment."""
        with Session(self._seeing, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self, key: str = "", *, lasting: bool = True) -> Iterator[Session]:
        """Open a transaction that holds the write lock from its first statement and commits at its end.

        With a `key`, such as a learner's id, it holds the lock of that key: only those who write under the same key, or
        under none, wait for it where the database allows that. What is read to decide must then be the key's own.

        What need not be `lasting` does not wait for the disk: a killed process loses nothing of it, a power cut may.
        """
        waiting, engine = nullcontext() if self._shared else self._writers, self._locking if lasting else self._quick
        with waiting, Session(engine, expire_on_commit=False) as session, session.begin():
            if self._shared and not lasting:
                session.execute(text("SET LOCAL synchronous_commit = off"))
            if self._shared:
                session.execute(_LOCK_ONE, {"key": key}) if key else session.execute(_LOCK_ALL)
            yield session

    def note(self, session: Session, learner: str, instance: str, kind: str, detail: str = "") -> None:
        """Append an event within a transaction."""
        session.add(EventRow(at=self.clock(), learner=learner, instance=instance, kind=kind, detail=detail))

    # Signing in. Only a hash of the cookie's random token is kept, so a stolen database opens no session.

    def sign_in(self, learner: str | None, role: str, staff: str = "") -> str:
        """Begin a session and return its token; without a learner it is one of the staff's, unnamed the designer's."""
        token, now = secrets.token_urlsafe(32), self.clock()
        with self.writing(lasting=False) as session:
            if learner is not None and session.get(LearnerRow, learner) is None:
                session.add(LearnerRow(id=learner, role=role, first_seen=now))
            session.execute(delete(SessionRow).where(SessionRow.expires <= now))
            session.flush()
            session.add(
                SessionRow(token_hash=digest(token), learner=learner, staff=staff, expires=now + SESSION_SECONDS)
            )
        return token

    def session(self, token: str) -> SessionRow | None:
        """Return the session of a token, or `None` when there is none or it has run out."""
        with self.reading() as session:
            row = session.get(SessionRow, digest(token))
        return row if row is not None and row.expires > self.clock() else None

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.token_hash == digest(token)))

    def sign_out_learner(self, learner: str) -> None:
        """End every session of a learner, and show the browser that they joined in no code any more."""
        with self.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.learner == learner))
            session.execute(delete(JoinRow).where(JoinRow.learner == learner))

    def seen(self) -> list[str]:
        """Return who has signed in at least once."""
        with self.reading() as session:
            return list(session.scalars(select(LearnerRow.id)))

    # The chat.

    def ask(self, learner: str, instance: str, template: str, prompt: str, seed: int) -> int:
        """Keep what a learner said, under the seed of its answer, and return its id."""
        with self.writing(learner, lasting=False) as session:
            row = ChatRow(
                learner=learner, instance=instance, template=template, prompt=prompt, seed=seed, at=self.clock()
            )
            session.add(row)
            session.flush()
            return row.id

    def answer(self, chat: int, reply: str) -> None:
        """Keep what the model answered, or as much of it as was heard."""
        with self.writing(f"chat {chat}", lasting=False) as session:
            session.get_one(ChatRow, chat).reply = reply

    def chats(self, learner: str, instance: str) -> list[ChatRow]:
        """Return a learner's chat with the model of an instance, oldest first."""
        return self._rows(ChatRow, learner, instance)

    # Work in hand: claims and hints. Once the work is handed in, it cannot change.

    def started(self, learner: str, instance: str) -> float:
        """Return when this learner first opened this drill; the first call is that moment."""
        began = select(EventRow.at).where(
            EventRow.learner == learner, EventRow.instance == instance, EventRow.kind == "started"
        )
        with self.reading() as session:
            at = session.scalar(began)
        if at is not None:
            return at
        with self.writing(learner, lasting=False) as session:
            at = session.scalar(began)
            if at is None:
                self.note(session, learner, instance, "started")
                at = self.clock()
        return at

    def save_claim(self, learner: str, instance: str, claim: Claim, limit: int, row_id: int | None = None) -> None:
        """File a claim, or change the one with `row_id`.

        Raises:
            Refused: the attempt is over, there are `limit` claims already, or no such claim is this learner's.
        """
        with self.writing(learner) as session:
            require_open(session, learner, instance)
            mine = session.scalars(_of(ClaimRow, learner, instance)).all()
            if row_id is None:
                if len(mine) >= limit:
                    raise Refused(f"found {limit} claims filed, expected at most {limit}; remove one first")
                session.add(ClaimRow(learner=learner, instance=instance, body=claim.to_json()))
                self.note(session, learner, instance, "claimed", claim.behaviour)
                return
            row = next((row for row in mine if row.id == row_id), None)
            if row is None:
                raise Refused("found a claim that was removed, expected one of your claims; file it as a new one")
            row.body = claim.to_json()
            self.note(session, learner, instance, "changed", claim.behaviour)

    def remove_claim(self, learner: str, instance: str, row_id: int) -> None:
        """Take a claim back. A claim that is not there, or not this learner's, is left alone."""
        with self.writing(learner) as session:
            require_open(session, learner, instance)
            mine = (ClaimRow.id == row_id, ClaimRow.learner == learner, ClaimRow.instance == instance)
            if row := session.scalar(select(ClaimRow).where(*mine)):
                session.delete(row)
                self.note(session, learner, instance, "removed", Claim.from_json(row.body).behaviour)

    def claims(self, learner: str, instance: str) -> dict[int, Claim]:
        """Return the claims in hand by row id, in the order of filing."""
        return {row.id: Claim.from_json(row.body) for row in self._rows(ClaimRow, learner, instance)}

    def open_hint(self, learner: str, instance: str, place: int, cost: float) -> None:
        """Open a hint; opening it again costs nothing more. Raises `Refused` when the attempt is over."""
        with self.writing(learner) as session:
            require_open(session, learner, instance)
            if session.get(HintRow, (learner, instance, place)) is None:
                session.add(HintRow(learner=learner, instance=instance, place=place, cost=cost, at=self.clock()))
                self.note(session, learner, instance, "hint", str(place + 1))

    def hints(self, learner: str, instance: str) -> list[HintRow]:
        """Return the hints that were opened, in their order."""
        mine = select(HintRow).where(HintRow.learner == learner, HintRow.instance == instance)
        with self.reading() as session:
            return list(session.scalars(mine.order_by(HintRow.place)))

    def events(self, *kinds: str, learner: str | None = None) -> list[EventRow]:
        """Return what happened, oldest first, or only the events of some kinds, or of one learner."""
        query = select(EventRow).order_by(EventRow.id)
        if learner is not None:
            query = query.where(EventRow.learner == learner)
        with self.reading() as session:
            return list(session.scalars(query.where(EventRow.kind.in_(kinds)) if kinds else query))

    def happened(self, learner: str, instance: str, kind: str, detail: str = "") -> None:
        """Append an event."""
        with self.writing() as session:
            self.note(session, learner, instance, kind, detail)

    def _rows(self, table: type[Any], learner: str, instance: str) -> list[Any]:
        with self.reading() as session:
            return list(session.scalars(_of(table, learner, instance)))


def explain_unkept(error: BaseException) -> str:
    """Return the line to read when the database could not keep something, or nothing for another fault.

    What SQLite calls operational may be a fault of ours too; PostgreSQL's kinds of errors tell the two apart.
    """
    if not isinstance(error, AWAY):
        return ""
    words = str(getattr(error, "orig", error))
    if any(sign in words for sign in ("is full", "disk I/O", "No space left")):
        return "The yard could not keep this, because its disk is full. Tell your designer, and send it again later."
    if any(sign in words for sign in ("locked", "lock timeout", "deadlock", "QueuePool")):
        return "The yard is too busy to keep this. Send it again in a minute."
    if isinstance(getattr(error, "orig", None), sqlite3.Error) and "unable to open" not in words:
        return ""
    return "The yard cannot reach its database. What it confirmed to you is kept; try this again in a minute."


def _of(table: type[Any], learner: str, instance: str) -> Any:
    """Select one learner's rows on one instance, oldest first."""
    return select(table).where(table.learner == learner, table.instance == instance).order_by(table.id)


def require_open(session: Session, learner: str, instance: str) -> None:
    """Refuse to change work that was handed in; where it could not be graded, the attempt is open again."""
    if session.scalar(_of(SubmissionRow, learner, instance).where(SubmissionRow.status != "failed")) is not None:
        raise Refused("found an attempt that was handed in, expected one in hand; read its result instead")


def digest(token: str) -> str:
    """Return what the database keeps of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def _end_connection(connection: DBAPIConnection, _: object) -> None:
    connection.close()
