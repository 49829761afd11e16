"""Where a programme's yard keeps its database: in the folder, or where one setting says.

The setting is a `postgresql://` URL, given by `--db` or the variable DRILLYARD_DB. The folder remembers it without its
password, so that every later command finds the same database; what opens it comes from the setting or from where
PostgreSQL's own programs look (PGPASSWORD, ~/.pgpass).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records.databases import parse_url, shown_url
from drillyard.records.files import write_atomically
from drillyard.registrar.schema import TODAY
from drillyard.registrar.store import Store

__all__ = [
    "REMEMBERED",
    "SETTING",
    "find_database",
    "kept_store",
    "open_store",
    "remember_database",
    "upgrade_database",
    "write_setting",
]

SETTING = "DRILLYARD_DB"
"""The variable that says where yards keep their databases."""

REMEMBERED = "database.url"
"""The file of a folder that remembers it."""

_HOW = "leave --db and DRILLYARD_DB out for SQLite"


def find_database(folder: ProgramFolder, db: str = "") -> Path | str:
    """Return the file or the URL of a programme's database: as told, else as the variable says, else as remembered.

    Raises:
        BadInput: no PostgreSQL URL, or work lies in the folder's own file as well.
    """
    remembered = folder.path / REMEMBERED
    url = db or os.environ.get(SETTING, "") or (remembered.read_text().strip() if remembered.is_file() else "")
    if not url:
        return folder.database
    made = parse_url(url, _HOW)
    if made.get_backend_name() != "postgresql":
        raise bad_input(f"the setting {made.get_backend_name()}://", "a postgresql:// URL", _HOW)
    if folder.database.is_file():
        found = f"work in {folder.database} and the setting {shown_url(made)}"
        raise bad_input(found, "one of the two", f"{_HOW}, or type: drillyard yard move {folder.path} --db URL")
    return url


def remember_database(folder: ProgramFolder, db: str = "") -> None:
    """Let later commands find the database that this one uses. Raises as `find_database`."""
    if isinstance(where := find_database(folder, db), str):
        write_setting(folder, where)


def write_setting(folder: ProgramFolder, url: str) -> None:
    """Write down where a programme's database is, without what opens it."""
    write_atomically(folder.path / REMEMBERED, f"{shown_url(parse_url(url))}\n".encode(), 0o600)


def open_store(folder: ProgramFolder, clock: Callable[[], float] = time.time, db: str = "") -> Store:
    """Open a programme's database, which is made where there is none. Raises as `find_database` and `Store`."""
    return Store(find_database(folder, db), clock, mark=_mark(folder))


@contextmanager
def kept_store(folder: ProgramFolder) -> Iterator[Store | None]:
    """Open a programme's database for a command; `None` where its yard was never opened. Raises as `open_store`."""
    where = find_database(folder)
    if isinstance(where, Path) and not where.is_file():
        yield None
        return
    store = Store(where, mark=_mark(folder))
    try:
        yield store
    finally:
        store.close()


def upgrade_database(folder: ProgramFolder, db: str = "") -> str:
    """Bring a programme's database up to today's shape, keep a copy of it in the folder, and return the earlier shape.

    Returns the empty string where there was nothing to do. Raises as `open_store`.
    """
    folder.brief()
    where = find_database(folder, db)
    if isinstance(where, Path) and not where.is_file():
        return ""
    store = Store(where, mark=_mark(folder), upgrade=folder.path)
    store.close()
    return "" if store.found == TODAY else store.found


def _mark(folder: ProgramFolder) -> str:
    """Return what tells a programme's database from another's; nothing for a folder whose roster has no secret."""
    secret = folder.roster().secret if (folder.path / "roster.json").is_file() else ""
    return hmac.digest(secret.encode(), b"yard", hashlib.sha256).hex()[:32] if secret else ""
