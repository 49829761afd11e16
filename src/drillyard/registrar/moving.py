"""Carrying a yard's work from one database to another: all of it, in one moment's state, compared before it counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import Connection, Row, Table, func, insert, select, text

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records.databases import is_postgres, parse_url
from drillyard.registrar.located import write_setting
from drillyard.registrar.store import Store
from drillyard.registrar.tables import YardTable

__all__ = ["copy_to_file", "count_on", "move"]

_MANY = 1000  # rows that are carried at a time


def move(folder: ProgramFolder, db: str) -> int:
    """Carry a programme's work from its file to a PostgreSQL database, and return how many rows that were.

    The file is set aside as `yard.db.moved` once every row has been compared; a move that was cut off is done again.

    Raises:
        BadInput: no such file, a yard that is open on it, no PostgreSQL URL, or a database that holds other work.
    """
    file = folder.database
    if parse_url(db).get_backend_name() != "postgresql":
        raise bad_input("a file", "a postgresql:// URL", "a backup leads back: drillyard yard backup, then restore")
    if not file.is_file():
        raise bad_input(f"no {file}", "a yard that has a file to move", f"type: drillyard yard serve {folder.path}")
    _require_alone(file)
    with (
        closing(Store(file)) as source,
        closing(Store(db)) as target,
        source.writing() as here,
        target.writing() as there,
    ):
        rows = _carry(here.connection(), there.connection())
    write_setting(folder, db)  # until the file is set aside, both are there, which every command refuses
    file.rename(file.with_name(f"{file.name}.moved"))
    return rows


def copy_to_file(store: Store, file: Path) -> None:
    """Write all that a store holds, as it is at one moment, into a new SQLite file."""
    held = Store(file)
    try:
        with store.reading() as here, held.writing() as there:
            _carry(here.connection(), there.connection())
    finally:
        held.close()


def count_on(target: Connection, table: Table) -> None:
    """Let new rows take numbers after the highest that was carried."""
    column = table.autoincrement_column
    if column is not None and not column.foreign_keys:
        place = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
        target.execute(text(f"SELECT setval({place}, max({column.name})) FROM {table.name} HAVING count(*) > 0"))


def _require_alone(file: Path) -> None:
    """Raise `BadInput` where a server has the file open: SQLite leaves WAL only for whoever is alone with a file."""
    with closing(sqlite3.connect(file, timeout=0.5)) as plain:
        try:
            plain.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise bad_input(f"{file} in use ({error})", "a yard that is closed", "stop its server first") from None


def _carry(source: Connection, target: Connection) -> int:
    """Copy all rows into an empty database, compare them, and return their number.

    Raises:
        BadInput: other work is there, or a row came out otherwise.
    """
    for side in (source, target):
        if is_postgres(side):  # it may wait longer for the other one than a server waits for a page
            side.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    tables = YardTable.metadata.sorted_tables
    if not any(target.scalar(select(func.count()).select_from(table)) for table in tables):
        for table in tables:
            for some in source.execute(select(table)).partitions(_MANY):
                target.execute(insert(table), [dict(row._mapping) for row in some])
            if is_postgres(target):
                count_on(target, table)
    rows = 0
    for table in tables:
        for one, other in zip_longest(_rows(source, table), _rows(target, table)):
            rows += 1
            if one != other:
                raise bad_input(f"other work in its table {table.name}", "an empty database", "choose another")
    return rows


def _rows(connection: Connection, table: Table) -> Iterator[tuple[object, ...]]:
    """Yield a table's rows in an order that is the same in every database, texts as they are kept."""

    def plain(row: Row[tuple[object, ...]]) -> tuple[object, ...]:
        return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)

    return iter(sorted(map(plain, connection.execute(select(table))), key=repr))
