"""The shape of the yard's database, and the way from every earlier shape to today's: the revisions in `migrations`.

A new database is made in today's shape; one of an earlier shape is brought up by the revisions that it lacks, in the
caller's transaction: it has all of them or none, whatever is killed when. A file is brought up as it is opened, and a
copy of it kept; a server only when it is told to (`drillyard yard upgrade`), because others may be at work there.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from drillyard.errors import BadInput, bad_input
from drillyard.records.databases import is_postgres, open_engine
from drillyard.registrar.tables import YardTable

__all__ = ["TODAY", "bring_up", "check_sound", "migrate"]

TODAY = "0011"
"""The revision that today's tables are of."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_NUMBERED = "0009"  # the last shape that a file told by its `user_version` alone, before there were revisions


def bring_up(connection: Connection, copy: Path | None = None, *, told: bool = True) -> str:
    """Make the tables, or bring those of an earlier shape up to today's, within the caller's transaction.

    Returns the revision that was found; empty for a new database. `copy` is a folder where the database is kept as it
    was, as a SQLite file; without `told`, an earlier shape is refused.

    Raises:
        BadInput: the database is of a later Drillyard or, untold, of an earlier; or it holds tables of something else.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        YardTable.metadata.create_all(connection)
        _stamp(connection)
        return ""
    if "learners" not in tables:
        raise bad_input(f"tables of something else ({', '.join(sorted(tables)[:3])})", "an empty database or a yard's")
    found = _revision(connection, tables)
    if found == TODAY:
        return found
    if not told:
        how = "stop its yards, then type: drillyard yard upgrade FOLDER"
        raise bad_input(f"a yard's database of shape {found}", f"today's, {TODAY}", how)
    if copy:
        _keep_copy(connection, copy / f"yard.db.before-{TODAY}", found)
    migrate(connection, found)
    _stamp(connection)
    return found


def check_sound(connection: Connection) -> None:
    """Look through the whole file for damage. Raises `BadInput` with what was found first."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise BadInput(
            f"found damage ({str(found).splitlines()[-1]}), expected a sound database; restore it from a copy"
        )


def migrate(connection: Connection, found: str | None, to: str = TODAY) -> None:
    """Run the revisions after one that was found, all of them for none, up to another."""
    from alembic.migration import MigrationContext  # a quarter of a second, which only an upgrade needs
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(_MIGRATIONS), version_locations=[str(_MIGRATIONS)])
    with Operations.context(MigrationContext.configure(connection)):
        for revision in reversed(list(scripts.iterate_revisions(to, found or "base"))):
            revision.module.upgrade()


def _keep_copy(connection: Connection, file: Path, found: str) -> None:
    """Write all that a database of an earlier shape holds into a new SQLite file, for its owner only."""
    file.unlink(missing_ok=True)
    file.touch(0o600)
    if not is_postgres(connection):
        place = connection.engine.url.database or ""
        with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)  # which the lock of our transaction lets it read
        return
    tables = MetaData()
    tables.reflect(connection)
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as target:
        migrate(target, None, found)
        for table in tables.sorted_tables:
            if table.name != _VERSION.name and (rows := connection.execute(select(table)).mappings().all()):
                target.execute(insert(table), [dict(row) for row in rows])
        _stamp(target, found)
    engine.dispose()


def _revision(connection: Connection, tables: list[str]) -> str:
    """Return the revision of a yard's database. Raises `BadInput` for one later than ours."""
    if _VERSION.name in tables:
        found, latest = str(connection.execute(select(_VERSION.c.version_num)).scalar_one()), TODAY
    elif is_postgres(connection):
        raise bad_input("a yard's tables without the number of their shape", "a whole database", "restore it")
    else:
        number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        found, latest = f"{number:04}", _NUMBERED
    if found > latest:
        how = "install the Drillyard that wrote it, or a later one"
        raise bad_input(f"a yard's database of shape {found}", f"at most {TODAY}", how)
    return found


def _stamp(connection: Connection, revision: str = TODAY) -> None:
    """Write down of which shape a database is; in a file also where an earlier Drillyard looks."""
    _VERSION.create(connection, checkfirst=True)
    connection.execute(_VERSION.delete())
    connection.execute(insert(_VERSION).values(version_num=revision))
    if not is_postgres(connection):
        connection.exec_driver_sql(f"PRAGMA user_version = {int(revision)}")
