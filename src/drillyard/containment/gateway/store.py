"""The gateway's database: every change in one transaction with the ledger's record of it.

A writer locks the one row of `control` with its first statement: `BEGIN IMMEDIATE` on SQLite, `SELECT … FOR UPDATE`
under READ COMMITTED on PostgreSQL. Writers of all gateways so stand in one line and each reads what the last one
committed, which is why a budget cannot be spent twice. `synchronous=FULL`, and on PostgreSQL `synchronous_commit`, keep
a commit over a power cut.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from drillyard.containment.gateway.chain import Entry, link
from drillyard.containment.gateway.clock import ClockFault
from drillyard.containment.gateway.databases import create_tables, is_postgres, open_engine
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.tables import CONTROL, LEDGER, NONCES, QUESTIONS, SPENT, VOTES

__all__ = ["Replayed", "Store", "Writer"]

_KEPT_NONCES = 3600.0
_MOST_TOGETHER = 16

T = TypeVar("T")

# Written out once: putting a statement together takes several times as long as running it.
_HEAD = select(CONTROL).with_for_update()
_SET_HEAD = update(CONTROL).values(
    {name: bindparam(f"new_{name}") for name in ("sequence", "digest", "at", "epoch", "killed", "lease_until")}
)
_ADD_ENTRY, _ADD_NONCE, _ADD_SCOPE, _ADD_VOTE = insert(LEDGER), insert(NONCES), insert(SPENT), insert(VOTES)
_ADD_QUESTION = insert(QUESTIONS)
_QUESTION = select(QUESTIONS).where(QUESTIONS.c.id == bindparam("name"))
_SCOPE = select(SPENT.c.scope).where(SPENT.c.scope == bindparam("of"))
_VOTES = select(VOTES).where(VOTES.c.question == bindparam("name")).order_by(VOTES.c.at)
_SET_STATUS = (
    update(QUESTIONS)
    .where(QUESTIONS.c.id == bindparam("name"))
    .values(status=bindparam("to"), released=bindparam("by"))
)
_RESERVE = (
    update(SPENT)
    .where(
        SPENT.c.scope == bindparam("of"),
        SPENT.c.millibits + bindparam("cost") <= bindparam("most_bits"),
        SPENT.c.questions + 1 <= bindparam("most_questions"),
    )
    .values(millibits=SPENT.c.millibits + bindparam("cost"), questions=SPENT.c.questions + 1)
)


class Replayed(Exception):
    """A request that was seen before."""


class Writer:
    """One transaction: appends to the ledger and changes rows; all or nothing of it is kept."""

    def __init__(
        self,
        connection: Connection,
        control: Row[Any],
        key: Key | None,
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
        self._run(_ADD_ENTRY, vars(entry))
        self._fault(f"after {kind}")
        self.sequence, self.digest, self.at = entry.sequence, entry.digest, at
        return entry

    def use_nonce(self, account: str, nonce: str, at: float) -> None:
        """Note a signed request. Raises `Replayed` for one that was seen before."""
        try:
            self._run(_ADD_NONCE, {"account": account, "nonce": nonce, "at": at})
        except IntegrityError:
            raise Replayed(nonce) from None

    def forget_nonces(self, before: float) -> None:
        """Drop the nonces of requests that are too old to be taken again."""
        self.connection.execute(delete(NONCES).where(NONCES.c.at < before - _KEPT_NONCES))

    def reserve(self, limits: Mapping[str, tuple[int, int]], millibits: int) -> bool:
        """Take bits and one question from every scope; false, and nothing to be kept, where one has too little."""
        for scope, (most_bits, most_questions) in limits.items():
            self._fault("before reserve")
            limit = {"of": scope, "cost": millibits, "most_bits": most_bits, "most_questions": most_questions}
            if self._run(_RESERVE, limit).rowcount != 1:
                if self._run(_SCOPE, {"of": scope}).first() is not None:
                    return False
                self._run(_ADD_SCOPE, {"scope": scope, "millibits": 0, "questions": 0})
                if self._run(_RESERVE, limit).rowcount != 1:
                    return False
            self._fault("after reserve")
        return True

    def add_question(self, row: Mapping[str, Any]) -> None:
        """Add a question's row."""
        self._run(_ADD_QUESTION, row)

    def add_vote(self, question: str, person: str, approve: bool, at: float, signed: str) -> None:
        """Add a vote's row, with the request that cast it."""
        row = {"question": question, "person": person, "approve": int(approve), "at": at, "signed": signed}
        self._run(_ADD_VOTE, row)

    def _run(self, statement: Any, values: Mapping[str, Any]) -> Any:
        return self.connection.execute(statement, values)

    def of_kind(self, kind: str) -> list[Entry]:
        """Return the records of a kind in order, this transaction's among them."""
        query = select(LEDGER).where(LEDGER.c.kind == kind).order_by(LEDGER.c.sequence)
        return [Entry(**row._mapping) for row in self.connection.execute(query)]

    def question(self, name: str) -> Row[Any] | None:
        """Return a question's row."""
        row: Row[Any] | None = self._run(_QUESTION, {"name": name}).first()
        return row

    def state(self) -> tuple[int, str, float, int, bool, float]:
        """Return the head and switches as they are now, for `restore`."""
        return self.sequence, self.digest, self.at, self.epoch, self.killed, self.lease_until

    def restore(self, state: tuple[int, str, float, int, bool, float]) -> None:
        """Go back to a head and switches."""
        self.sequence, self.digest, self.at, self.epoch, self.killed, self.lease_until = state

    def head(self) -> dict[str, Any]:
        """Return the row of `control` as this transaction leaves it."""
        head = {"new_sequence": self.sequence, "new_digest": self.digest, "new_at": self.at, "new_epoch": self.epoch}
        return {**head, "new_killed": int(self.killed), "new_lease_until": self.lease_until}

    def votes(self, name: str) -> Sequence[Row[Any]]:
        """Return all votes on a question."""
        rows: Sequence[Row[Any]] = self._run(_VOTES, {"name": name}).all()
        return rows

    def set_status(self, name: str, status: str, released: int = 0) -> None:
        """Move a question to its next status."""
        self._fault(f"before status {status}")
        self._run(_SET_STATUS, {"name": name, "to": status, "by": released})
        self._fault(f"after status {status}")


class _Job:
    """Work that waits for a transaction, and what came of it."""

    def __init__(self, job: Callable[[Writer], Any]) -> None:
        self._job = job
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def attempt(self, writer: Writer, alone: bool) -> None:
        """Do the work; among others, under a savepoint, so that a failure undoes this job and no other."""
        if alone:
            self.result = self._job(writer)
            return
        before = writer.state()
        try:
            with writer.connection.begin_nested():
                self.result = self._job(writer)
        except Exception as error:
            writer.restore(before)
            self.error = error


class Store:
    """Transactions over SQLite or, by URL, PostgreSQL. `fault` is called around every write; tests make it raise."""

    def __init__(
        self,
        url: str,
        key: Key | None = None,
        fault: Callable[[str], None] = lambda _step: None,
        skew: float = 2.0,
    ) -> None:
        self.key, self._fault, self._skew, self._lock = key, fault, skew, threading.Lock()
        self._jobs: deque[_Job] = deque()
        self._engine = open_engine(url)
        self._locking = self._engine.execution_options(lock="IMMEDIATE")
        create_tables(self._engine)

    def close(self) -> None:
        """Give the database back."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Open a transaction that no other writer overlaps; committed at the end of the block."""
        # SQLite's writers wait by sleeping; those of one process wait on this lock, which wakes the next at once.
        with self._lock, self._transaction() as writer:
            yield writer

    def together(self, job: Callable[[Writer], T]) -> T:
        """Run a job in a transaction that it may share with jobs of other threads: one wait for the disk for all.

        A job that raises is undone alone; its error comes out here. Nobody returns before the commit.
        """
        mine = _Job(job)
        self._jobs.append(mine)
        with self._lock:
            if not mine.done:
                self._commit([self._jobs.popleft() for _ in range(min(len(self._jobs), _MOST_TOGETHER))])
        if mine.error is not None:
            raise mine.error
        result: T = mine.result
        return result

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            with self._transaction() as writer:
                for one in jobs:
                    one.attempt(writer, alone=len(jobs) == 1)
        except BaseException as error:
            for one in jobs:
                one.error = error
        for one in jobs:
            one.done = True

    @contextmanager
    def _transaction(self) -> Iterator[Writer]:
        with self._locking.begin() as connection:
            control = connection.execute(_HEAD).one()
            writer = Writer(connection, control, self.key, self._fault, self._skew)
            before = writer.state()
            yield writer
            if writer.state() != before:
                self._fault("before head")
                connection.execute(_SET_HEAD, writer.head())
            self._fault("before commit")
        self._fault("after commit")

    def entries(self) -> list[Entry]:
        """Return the whole ledger in its order of numbers."""
        with self._engine.connect() as connection:
            return [Entry(**row._mapping) for row in connection.execute(select(LEDGER).order_by(LEDGER.c.sequence))]

    def time(self) -> float | None:
        """Return the time of the database's server, which several gateways share; SQLite has none of its own."""
        if not is_postgres(self._engine):
            return None
        with self._engine.connect() as connection:
            return float(connection.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0)

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
            row: Row[Any] | None = connection.execute(_QUESTION, {"name": name}).first()
            return row

    def spent(self) -> dict[str, tuple[int, int]]:
        """Return thousandths of bits and questions by scope."""
        with self._engine.connect() as connection:
            return {row.scope: (row.millibits, row.questions) for row in connection.execute(select(SPENT))}

    def count(self) -> int:
        """Return how many records the ledger has."""
        with self._engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(LEDGER)) or 0)
