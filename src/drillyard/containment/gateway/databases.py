"""Where a gateway's tables lie: a SQLite file for one gateway, or PostgreSQL for several of them.

On PostgreSQL the tables may be made by their owner (`prepare_database`) for a role that can add to the ledger and read
it, and neither change nor delete what is there: `RIGHTS` is all that such a role is granted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from drillyard.containment.gateway.chain import GENESIS, Entry
from drillyard.containment.gateway.tables import CONTROL, LEDGER, METADATA, WORDS
from drillyard.errors import bad_input
from drillyard.records.databases import is_postgres, open_engine, reached
from drillyard.records.schema import Schema

__all__ = [
    "HOW",
    "RIGHTS",
    "SHAPE",
    "Stored",
    "create_tables",
    "entries_of",
    "prepare_database",
    "read_stored",
    "sqlite_url",
]

RIGHTS: Mapping[str, str] = {
    "control": "SELECT, UPDATE",
    "ledger": "SELECT, INSERT",
    "words": "SELECT, INSERT",
}
"""What a gateway's role needs on each table, and nothing else."""

SHAPE = Schema(
    what="a gateway's database",
    table="control",
    steps=(
        # 1: a database of before shapes had numbers; the words of questions may not have had a table yet.
        ("CREATE TABLE IF NOT EXISTS words (id VARCHAR(32) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id))",),
    ),
)
"""The shapes of a gateway's tables."""

_READER = ("control", "ledger")
_ONE_MAKER = 0x0D121177
_EXPECTED = "a gateway's tables and rights"
HOW = "see docs/reference/gateway.md, or leave --database out for SQLite"
"""What to type where a database cannot be used."""


def sqlite_url(folder: Path) -> str:
    """Return the URL of the database in a ledger folder."""
    return f"sqlite:///{folder / 'gateway.db'}"


def create_tables(engine: Engine) -> None:
    """Make what is not there yet: tables and the one row of `control`.

    Raises:
        BadInput: that is not allowed, or the tables are those of a gateway that kept budgets beside its ledger.
    """
    with reached(engine, _EXPECTED, HOW), engine.execution_options(lock="IMMEDIATE").begin() as connection:
        if is_postgres(engine):  # two gateways may start on an empty database at once
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_MAKER})"))
        if inspect(connection).has_table("spent"):
            raise bad_input("tables of an earlier gateway", "an empty database", "keep the old one to verify it")
        SHAPE.bring_up(connection, not inspect(connection).has_table("control"), lambda: _make_tables(connection))


def _make_tables(connection: Connection) -> None:
    METADATA.create_all(connection)
    # Only once: a row that is missing later was deleted, and a ledger that starts anew would not show it.
    connection.execute(insert(CONTROL).values(id=1, sequence=0, digest=GENESIS))


def prepare_database(url: str, role: str, reader: str = "") -> None:
    """Make the tables as their owner and grant a gateway's role, and a reader's, what they need and no more.

    Raises:
        BadInput: not PostgreSQL, no such role, or this role may not do it.
    """
    engine = open_engine(url, HOW)
    if not is_postgres(engine):
        raise bad_input(engine.dialect.name, "a postgresql:// URL: only there are roles", HOW)
    create_tables(engine)
    quote = engine.dialect.identifier_preparer.quote_identifier
    grants = [f"{rights} ON {table} TO {quote(role)}" for table, rights in RIGHTS.items()]
    grants += [f"SELECT ON {table} TO {quote(reader)}" for table in _READER if reader]
    with reached(engine, _EXPECTED, HOW), engine.begin() as connection:
        for table in RIGHTS:
            for name in filter(None, ("PUBLIC", quote(role), reader and quote(reader))):
                connection.execute(text(f"REVOKE ALL ON {table} FROM {name}"))
        for grant in grants:
            connection.execute(text(f"GRANT {grant}"))
    engine.dispose()


@dataclass(frozen=True, kw_only=True)
class Stored:
    """All that a database holds: records in order of numbers, the head beside them, and the words of questions by id.

    `head` is `None` where there is not exactly one, `words` where this reader may not see them.
    """

    entries: list[Entry]
    head: tuple[object, object] | None
    words: dict[str, str] | None


def read_stored(url: str) -> Stored:
    """Read a gateway's whole database; changes nothing.

    Raises:
        BadInput: the database cannot be reached or is no gateway's.
    """
    engine = open_engine(url, HOW)
    # One snapshot: a gateway may be adding to the ledger, and its head must be that of the records read here.
    reading = engine.execution_options(isolation_level="REPEATABLE READ") if is_postgres(engine) else engine
    with reached(engine, _EXPECTED, HOW), reading.connect() as connection:
        SHAPE.number(connection)
        entries = entries_of(connection.execute(select(LEDGER).order_by(LEDGER.c.sequence)))
        heads = connection.execute(select(CONTROL)).all()
        words = _words(connection)  # at the end, as a refusal ends the transaction
    engine.dispose()
    head = (heads[0].sequence, heads[0].digest) if [one.id for one in heads] == [1] else None
    return Stored(entries=entries, head=head, words=words)


def entries_of(rows: Iterable[Row[Any]]) -> list[Entry]:
    """Return rows of the ledger as records. A value of a kind that no gateway writes becomes one that nobody signed."""
    return [_entry(row) for row in rows]


def _entry(row: Row[Any]) -> Entry:
    texts = {name: getattr(row, name) for name in ("kind", "body", "previous", "digest", "signature")}
    texts = {name: one if isinstance(one, str) else repr(one) for name, one in texts.items()}
    number = row.sequence if isinstance(row.sequence, int) else 0
    return Entry(sequence=number, at=float(row.at) if isinstance(row.at, int | float) else math.nan, **texts)


def _words(connection: Connection) -> dict[str, str] | None:
    """Return the words of questions; nothing where they may not be read, or are those of an earlier gateway."""
    try:
        return {str(row.id): str(row.body) for row in connection.execute(select(WORDS))}
    except DBAPIError:
        return None
