"""The gateway's database: a ledger that grows, the words of questions, and one row that writers lock.

A writer locks the row of `control` with its first statement: `BEGIN IMMEDIATE` on SQLite, `SELECT … FOR UPDATE` under
READ COMMITTED on PostgreSQL. Writers of all gateways so stand in one line, and each first reads into its books what the
others committed, which is why a budget cannot be spent twice. `synchronous=FULL`, and on PostgreSQL
`synchronous_commit`, keep a commit over a power cut.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import OperationalError

from drillyard.containment.gateway.books import Books, LedgerChanged
from drillyard.containment.gateway.chain import Entry, link
from drillyard.containment.gateway.clock import ClockFault
from drillyard.containment.gateway.databases import HOW, create_tables, entries_of
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.tables import CONTROL, LEDGER, WORDS
from drillyard.records.databases import is_postgres, open_engine

__all__ = ["LedgerStore", "Replayed", "Writer"]

_MOST_TOGETHER = 16
"""Records that one commit may hold, and one fault of the disk may delay: chosen, not measured."""

T = TypeVar("T")

# Written out once: putting a statement together takes several times as long as running it.
_HEAD = select(CONTROL.c.sequence, CONTROL.c.digest).where(CONTROL.c.id == 1).with_for_update()
_SET_HEAD = (
    update(CONTROL).where(CONTROL.c.id == 1).values({name: bindparam(f"new_{name}") for name in ("sequence", "digest")})
)
_ADD_ENTRY, _ADD_WORDS = insert(LEDGER), insert(WORDS)
_AFTER = select(LEDGER).where(LEDGER.c.sequence > bindparam("last")).order_by(LEDGER.c.sequence)


class Replayed(Exception):
    """A request that was seen before."""


class Writer:
    """One transaction: appends to the books, and to the ledger at its end; all or nothing of it is kept."""

    def __init__(self, books: Books, key: Key | None, skew: float) -> None:
        self.books = books
        self._key, self._skew = key, skew
        self._entries: list[Entry] = []
        self._words: list[dict[str, str]] = []

    def at(self, now: float) -> float:
        """Return the time of a record that is written now. Raises `ClockFault` for one too far before the last record.

        Smaller steps back than the skew are those of requests that waited in line; they take the last record's time.
        """
        last = self.books.head.at
        if now < last - self._skew:
            raise ClockFault("found a clock behind the ledger's last record, expected one ahead of it; set the clock")
        return max(now, last)

    def append(self, now: float, kind: str, body: Mapping[str, Any]) -> Entry:
        """Add a record to the ledger and take it into the books. Raises `ClockFault` as `at`."""
        head = self.books.head
        entry = link(head.sequence + 1, self.at(now), kind, body, head.digest, self._key)
        self.books.take(entry, body)
        self._entries.append(entry)
        return entry

    def add_words(self, name: str, body: str) -> None:
        """Keep the words of a question."""
        self._words.append({"id": name, "body": body})

    def require_new(self, account: str, nonce: str) -> None:
        """Raise `Replayed` for a request that was seen before. Its record in the ledger is what makes it seen."""
        if (account, nonce) in self.books.requests:
            raise Replayed(nonce)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Undo what fails within the block, and nothing that came before it."""
        before, entries, words = self.books, len(self._entries), len(self._words)
        self.books = before.draft()
        try:
            yield
            self.books.settle()
        except BaseException:
            del self._entries[entries:], self._words[words:]
            raise
        finally:
            self.books = before

    def flush(self, connection: Connection, fault: Callable[[str], None]) -> None:
        """Write all rows, those of a table in one statement: round trips cost a gateway more than the rows do."""
        for statement, rows in ((_ADD_WORDS, self._words), (_ADD_ENTRY, [vars(one) for one in self._entries])):
            steps = [row.get("kind", "words") for row in rows]
            for step in steps:
                fault(f"before {step}")
            if rows:
                connection.execute(statement, rows)
            for step in steps:
                fault(f"after {step}")


class _Job:
    """Work that waits for a transaction, and what came of it."""

    def __init__(self, job: Callable[[Writer], Any]) -> None:
        self._job = job
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def attempt(self, writer: Writer) -> None:
        """Do the work, so that a failure undoes this job and no other."""
        self.error = None
        try:
            with writer.alone():
                self.result = self._job(writer)
        except Exception as error:
            self.error = error


class LedgerStore:
    """Transactions over SQLite or, by URL, PostgreSQL. `fault` is called around every write; tests make it raise.

    Once the database is not what was written to it, every transaction raises `LedgerChanged`, until a new store is
    opened over a ledger that is whole.
    """

    def __init__(
        self,
        url: str,
        key: Key | None = None,
        fault: Callable[[str], None] = lambda _step: None,
        skew: float = 2.0,
    ) -> None:
        self.key, self._fault, self._skew = key, fault, skew
        self._publics = (key.public,) if key else ()
        self._books, self._changed = Books(), ""
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._jobs: deque[_Job] = deque()
        self._engine = open_engine(url, HOW)
        self._locking = self._engine.execution_options(lock="IMMEDIATE")
        create_tables(self._engine)

    def close(self) -> None:
        """Give the database back."""
        self._engine.dispose()

    def replay(self, entries: Iterable[Entry]) -> None:
        """Take records into the books that the caller has checked, signatures and all."""
        with self._reading:
            for entry in entries:
                if entry.sequence > self._books.head.sequence:
                    self._books.take(entry)
            self._books.forget_requests()

    def known(self) -> Books:
        """Return the books as this process last read or wrote them. They are not to be written to."""
        return self._books

    def seen(self) -> Books:
        """Return the books as the database has them now, without locking it. They are not to be written to.

        Raises:
            LedgerChanged: the database is not what was written to it.
        """
        with self._engine.connect() as connection:
            self._follow(connection)
        return self._books

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
                    one.attempt(writer)
        except BaseException as error:
            if len(jobs) > 1 and isinstance(error, Exception) and not isinstance(error, OperationalError):
                for one in jobs:  # a row of one of them is refused, and it is not known of which
                    self._commit([one])
                return
            for one in jobs:
                one.error = error
        for one in jobs:
            one.done = True

    @contextmanager
    def _transaction(self) -> Iterator[Writer]:
        with self._locking.begin() as connection:
            self._require_head(connection)
            draft = self._books.draft()
            writer = Writer(draft, self.key, self._skew)
            yield writer
            writer.flush(connection, self._fault)
            if draft.head.sequence > self._books.head.sequence:
                self._fault("before head")
                connection.execute(_SET_HEAD, {"new_sequence": draft.head.sequence, "new_digest": draft.head.digest})
            self._fault("before commit")
        with self._reading:
            draft.settle()
            self._books.forget_requests()
        self._fault("after commit")

    def _halt(self, found: str) -> LedgerChanged:
        """Stop for good, and return the error that says why."""
        self._changed = self._changed or found
        return LedgerChanged(self._changed)

    def _require_head(self, connection: Connection) -> None:
        """Lock the database, and read what others committed: the locked row must then be the head of the books."""
        control = connection.execute(_HEAD).one_or_none()
        head = self._books.head
        if control is None or tuple(control) != (head.sequence, head.digest):
            head = self._follow(connection)
        if self._changed:
            raise LedgerChanged(self._changed)
        if control is None or tuple(control) != (head.sequence, head.digest):
            raise self._halt(f"a head of the ledger that is not record {head.sequence}, which was read last")

    def _follow(self, connection: Connection) -> Any:
        """Read the records that others committed into the books; returns their head."""
        if self._changed:
            raise LedgerChanged(self._changed)
        rows = entries_of(connection.execute(_AFTER, {"last": self._books.head.sequence}))
        with self._reading:
            try:
                self._books.follow(rows, self._publics)
            except LedgerChanged:
                raise self._halt(f"a ledger that does not go on after record {self._books.head.sequence}") from None
            return self._books.head

    def entries(self) -> list[Entry]:
        """Return the whole ledger in its order of numbers."""
        with self._engine.connect() as connection:
            return entries_of(connection.execute(select(LEDGER).order_by(LEDGER.c.sequence)))

    def time(self) -> float | None:
        """Return the time of the database's server, which several gateways share; SQLite has none of its own."""
        if not is_postgres(self._engine):
            return None
        with self._engine.connect() as connection:
            return float(connection.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0)

    def words(self, *names: str) -> dict[str, str]:
        """Return the words of questions by id, as the database has them."""
        query = select(WORDS).where(WORDS.c.id.in_(names))
        with self._engine.connect() as connection:
            return {row.id: row.body for row in connection.execute(query)}

    def count(self) -> int:
        """Return how many records the ledger has."""
        with self._engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(LEDGER)) or 0)
