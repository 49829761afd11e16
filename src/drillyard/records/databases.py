"""Databases by URL: a SQLite file, or PostgreSQL by psycopg 3, set up so that what was committed is on the disk.

SQLite: WAL and `synchronous=FULL`; a transaction begins with `BEGIN DEFERRED`, or as the execution option `lock` says,
and where the option `lasting` is false, its commit does not wait for the disk: `kill -9` loses nothing, a power cut
may.
PostgreSQL: READ COMMITTED and `synchronous_commit`; who waits for a lock, or sits idle in a transaction, for ten
seconds gives its place up, and so does a server that does not answer. No line of ours ever holds a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, ProgrammingError

from drillyard.errors import BadInput, MissingExtra, bad_input

__all__ = ["is_postgres", "open_engine", "parse_url", "reached", "shown_url"]

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000")
_SETTINGS = ("synchronous_commit = on", "lock_timeout = '10s'", "idle_in_transaction_session_timeout = '10s'")
_PATIENCE = {"connect_timeout": "5", "tcp_user_timeout": "10000"}  # seconds, milliseconds
_SECRETS = {"password", "sslpassword", "passfile", "sslkey"}


def parse_url(url: str, how: str = "") -> URL:
    """Return a database's URL; `postgresql://` and `postgres://` mean psycopg 3, `how` says what to type instead.

    Raises:
        BadInput: no URL, or none of these two kinds.
    """
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        kind, there, _ = url.partition("://")  # the rest may hold a password
        raise bad_input(f"{kind!r:.40}" if there else "words without ://", "a database's URL", how) from None
    kind = made.drivername.partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres"):
        raise bad_input(f"a database of kind {kind!r}", "sqlite or postgresql", how)
    if kind == "sqlite":
        return made
    return made.set(drivername="postgresql+psycopg", query={**_PATIENCE, **made.query})


def shown_url(url: URL) -> str:
    """Return a URL as it may be printed and kept: without what opens the database."""
    left = _SECRETS | _PATIENCE.keys()
    kept = {name: value for name, value in url.query.items() if name not in left}
    plain = URL.create(url.get_backend_name(), url.username, None, url.host, url.port, url.database, kept)
    return plain.render_as_string()


def open_engine(url: str, how: str = "") -> Engine:
    """Return an engine that has not connected yet.

    Raises:
        BadInput: as `parse_url`. MissingExtra: psycopg is not installed.
    """
    made = parse_url(url, how)
    try:
        if made.get_backend_name() == "sqlite":
            engine = create_engine(made, hide_parameters=True)
        else:
            engine = create_engine(made, isolation_level="READ COMMITTED", pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError:
        raise MissingExtra("postgres", "a PostgreSQL database") from None
    except (ArgumentError, NoSuchModuleError) as error:
        raise bad_input(f"{made.drivername!r} ({error})", "a database's URL", how) from None
    event.listen(engine, "connect", _prepare_postgres if is_postgres(engine) else _prepare_sqlite)
    if not is_postgres(engine):
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_postgres(at: Engine | Connection) -> bool:
    """Say whether the database is a PostgreSQL server."""
    return at.dialect.name == "postgresql"


@contextmanager
def reached(engine: Engine, what: str, how: str = "") -> Iterator[None]:
    """Turn what a database says at the door into one line without its password.

    `what` are the tables that are expected in it.
    """
    try:
        yield
    except BadInput:
        engine.dispose()
        raise
    except DBAPIError as error:
        engine.dispose()
        words = what if isinstance(error, ProgrammingError) else "a database that can be reached"
        raise bad_input(f"{shown_url(engine.url)} ({_line(error)})", words, how) from None


def _line(error: DBAPIError) -> str:
    """Return the line of a server's words that says something; the first ones repeat the host."""
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    told = [line for line in lines if "FATAL" in line or "ERROR" in line]
    return (told or lines or [type(error.orig).__name__])[0]


def _prepare_postgres(connection: Any, _record: object) -> None:
    for setting in _SETTINGS:
        connection.execute(f"SET {setting}")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set up a fresh SQLite connection; `isolation_level=None` leaves BEGIN to us."""
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if "lasting" in options:
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options['lasting'] else 'NORMAL'}")
    connection.exec_driver_sql(f"BEGIN {options.get('lock', 'DEFERRED')}")
