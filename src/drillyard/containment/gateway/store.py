"""The gateway's database: every change in one transaction with the ledger's record of it.

A writer locks the one row of `control` with its first statement: `BEGIN IMMEDIATE` on SQLite, `SELECT … FOR UPDATE`
under READ COMMITTED on PostgreSQL. Writers of all gateways so stand in one line and each reads what the last one
committed, which is why a budget cannot be spent twice. `synchronous=FULL` keeps a commit over a power cut.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, create_engine, delete, event, func, insert, select, update
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError

from drillyard.containment.gateway.chain import GENESIS, Entry, link
from drillyard.containment.gateway.clock import ClockFault
from drillyard.containment.gateway.tables import CONTROL, LEDGER, METADATA, NONCES, QUESTIONS, SPENT, VOTES
from drillyard.errors import bad_input

__all__ = ["Replayed", "Store", "Writer", "read_entries", "sqlite_url"]

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000")
_KEPT_NONCES = 3600.0


class Replayed(Exception):
    """A request that was seen before."""


class Writer:
    """One transaction: appends to the ledger and changes rows; all or nothing of it is kept."""

    def __init__(
        self,
        connection: Connection,
        control: Row[Any],
        key: bytes | None,
        fault: Callable[[str], None],
        skew: float,
    ) -> None:
        self.connection, self._key, self._fault, self._skew = connection, key, fault, skew
        self.sequence, self.digest, self.at = int(control.sequence), str(control.digest), float(control.at)
        self.epoch, self.killed, self.lease_until = int(control.epoch), bool(control.killed), float(control.lease_until)

    def append(self, at: float, kind: str, body: Mapping[str, Any]) -> Entry:
        """Add a record to the ledger. Raises `ClockFault` for a time before the last record's by more than the skew.

        Smaller steps back are those of requests that waited in line; they take the time of the record before.
        """
        if at < self.at - self._skew:
            raise ClockFault("found a clock behind the ledger's last record, expected one ahead of it; set the clock")
        at = max(at, self.at)
        entry = link(self.sequence + 1, at, kind, body, self.digest, self._key)
        self._fault(f"before {kind}")
        self.run(insert(LEDGER).values(**vars(entry)))
        self._fault(f"after {kind}")
        self.sequence, self.digest, self.at = entry.sequence, entry.digest, at
        return entry

    def use_nonce(self, account: str, nonce: str, at: float) -> None:
        """Note a signed request. Raises `Replayed` for one that was seen before."""
        try:
            self.run(insert(NONCES).values(account=account, nonce=nonce, at=at))
        except IntegrityError:
            raise Replayed(nonce) from None

    def forget_nonces(self, before: float) -> None:
        """Drop the nonces of requests that are too old to be taken again."""
        self.run(delete(NONCES).where(NONCES.c.at < before - _KEPT_NONCES))

    def reserve(self, limits: Mapping[str, tuple[int, int]], millibits: int) -> bool:
        """Take bits and one question from every scope; false, and nothing to be kept, where one has too little."""
        for scope, (most_bits, most_questions) in limits.items():
            if not self.connection.scalar(select(SPENT.c.scope).where(SPENT.c.scope == scope)):
                self.run(insert(SPENT).values(scope=scope, millibits=0, questions=0))
            enough = (SPENT.c.millibits + millibits <= most_bits, SPENT.c.questions + 1 <= most_questions)
            more = {"millibits": SPENT.c.millibits + millibits, "questions": SPENT.c.questions + 1}
            self._fault("before reserve")
            if self.run(update(SPENT).where(SPENT.c.scope == scope, *enough).values(**more)).rowcount != 1:
                return False
            self._fault("after reserve")
        return True

    def run(self, statement: Any) -> Any:
        """Execute a statement within the transaction."""
        return self.connection.execute(statement)

    def question(self, name: str) -> Row[Any] | None:
        """Return a question's row."""
        row: Row[Any] | None = self.connection.execute(select(QUESTIONS).where(QUESTIONS.c.id == name)).first()
        return row

    def votes(self, name: str) -> Sequence[Row[Any]]:
        """Return all votes on a question."""
        return self.connection.execute(select(VOTES).where(VOTES.c.question == name).order_by(VOTES.c.at)).all()

    def set_status(self, name: str, status: str, released: int = 0) -> None:
        """Move a question to its next status."""
        self._fault(f"before status {status}")
        self.run(update(QUESTIONS).where(QUESTIONS.c.id == name).values(status=status, released=released))
        self._fault(f"after status {status}")


class Store:
    """Transactions over SQLite or, by URL, PostgreSQL. `fault` is called around every write; tests make it raise."""

    def __init__(
        self,
        url: str,
        key: bytes | None = None,
        fault: Callable[[str], None] = lambda _step: None,
        skew: float = 2.0,
    ) -> None:
        self._key, self._fault, self._skew, self._lock = key, fault, skew, threading.Lock()
        self._engine = _engine(url)
        self._locking = self._engine.execution_options(lock="IMMEDIATE")
        with self._locking.begin() as connection:
            METADATA.create_all(connection)
            if connection.execute(select(CONTROL.c.id)).first() is None:
                first = {"id": 1, "sequence": 0, "digest": GENESIS, "at": 0.0, "epoch": 0, "killed": 0}
                connection.execute(insert(CONTROL).values(**first, lease_until=0.0))

    def close(self) -> None:
        """Give the database back."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Open a transaction that no other writer overlaps; committed at the end of the block."""
        # SQLite's writers wait by sleeping; those of one process wait on this lock, which wakes the next at once.
        with self._lock, self._locking.begin() as connection:
            control = connection.execute(select(CONTROL).with_for_update()).one()
            writer = Writer(connection, control, self._key, self._fault, self._skew)
            yield writer
            switches = {"epoch": writer.epoch, "killed": int(writer.killed), "lease_until": writer.lease_until}
            head = {"sequence": writer.sequence, "digest": writer.digest, "at": writer.at}
            self._fault("before head")
            connection.execute(update(CONTROL).values(**head, **switches))
            self._fault("before commit")
        self._fault("after commit")

    def entries(self) -> list[Entry]:
        """Return the whole ledger in its order of numbers."""
        with self._engine.connect() as connection:
            return read_entries(connection)

    def entry(self, sequence: int) -> Entry:
        """Return one record of the ledger."""
        with self._engine.connect() as connection:
            return Entry(**connection.execute(select(LEDGER).where(LEDGER.c.sequence == sequence)).one()._mapping)

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last record, as `control` has them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(CONTROL.c.sequence, CONTROL.c.digest)).one()
            return int(row.sequence), str(row.digest)

    def questions(self, *statuses: str) -> Sequence[Row[Any]]:
        """Return the questions of some statuses, oldest first."""
        query = select(QUESTIONS).where(QUESTIONS.c.status.in_(statuses)).order_by(QUESTIONS.c.admitted_at)
        with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = connection.execute(query).all()
            return rows

    def question(self, name: str) -> Row[Any] | None:
        """Return a question's row without locking anything."""
        with self._engine.connect() as connection:
            row: Row[Any] | None = connection.execute(select(QUESTIONS).where(QUESTIONS.c.id == name)).first()
            return row

    def spent(self) -> dict[str, tuple[int, int]]:
        """Return thousandths of bits and questions by scope."""
        with self._engine.connect() as connection:
            return {row.scope: (row.millibits, row.questions) for row in connection.execute(select(SPENT))}

    def count(self) -> int:
        """Return how many records the ledger has."""
        with self._engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(LEDGER)) or 0)


def read_entries(connection: Connection) -> list[Entry]:
    """Read a ledger in the order in which it is numbered."""
    return [Entry(**row._mapping) for row in connection.execute(select(LEDGER).order_by(LEDGER.c.sequence))]


def _engine(url: str) -> Any:
    try:
        if not url.startswith("sqlite"):
            return create_engine(url, isolation_level="READ COMMITTED")
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        words = "a database with its driver installed"
        raise bad_input(f"{url.partition('://')[0]}:// ({error})", words, "leave --database out for SQLite") from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """Set up a fresh SQLite connection; `isolation_level=None` leaves BEGIN to us."""
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('lock', 'DEFERRED')}")


def sqlite_url(folder: Path) -> str:
    """Return the URL of the database in a ledger folder."""
    return f"sqlite:///{folder / 'gateway.db'}"
