"""Backing a programme up while it is served, and bringing it back.

The database is copied by SQLite itself, page by page under its locks, or read out of PostgreSQL in one transaction, so
the copy is one moment's, and a SQLite file on either way: `yard move` carries one back to a server. The other files of
the folder are each written atomically, and are read after it. The archive holds roster, truths and keys: it opens
everything, so it is for its owner only, as the folder is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import sqlite3
import tarfile
import tempfile
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records.files import write_atomically
from drillyard.registrar.located import REMEMBERED, find_database, kept_store
from drillyard.registrar.moving import copy_to_file
from drillyard.registrar.store import Store

__all__ = ["back_up", "restore"]

_SUMS = "backup.json"
_LEFT = (".lock", "-wal", "-shm", ".tmp", ".moved", REMEMBERED)


def back_up(folder: ProgramFolder, out: Path) -> int:
    """Write an archive of a programme, and return how many files it holds.

    Raises:
        BadInput: no programme folder, an archive inside it, or one that is there already.
    """
    folder.brief()
    if out.exists() or out.resolve().is_relative_to(folder.path.resolve()):
        raise bad_input(f"{out}", "a file that is not there yet, outside the programme", "choose another name")
    held = io.BytesIO()
    sums: dict[str, str] = {}
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        if held_rows := _copy_of(folder):
            _add(archive, folder.database.name, held_rows, sums)
        for path in sorted(folder.path.rglob("*")):
            name = path.relative_to(folder.path).as_posix()
            if path.is_file() and not path.is_symlink() and not name.endswith(_LEFT) and name not in sums:
                _add(archive, name, path.read_bytes(), sums)
        _add(archive, _SUMS, json.dumps(sums).encode(), {})
    write_atomically(out, held.getvalue(), 0o600)
    return len(sums)


def restore(archive: Path, out: Path) -> int:
    """Unpack an archive into a new folder, and return how many files it held; nothing is there unless all is whole.

    Raises:
        BadInput: no such archive, a damaged one, a path that leaves it, or a folder that is there already.
    """
    if out.exists():
        raise bad_input(f"{out}", "a folder that is not there yet", "choose another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".restore-") as held:
        place = Path(held) / "programme"
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(place, filter="data")
            sums: dict[str, str] = json.loads((place / _SUMS).read_text(encoding="utf-8"))
        except (OSError, EOFError, tarfile.TarError, ValueError) as error:
            why = "no such file" if not archive.is_file() else "damaged, or none"
            raise bad_input(
                f"{archive}: {why} ({type(error).__name__})", "a whole backup that yard backup wrote"
            ) from None
        for name, digest in sums.items():
            if not (place / name).is_file() or hashlib.sha256((place / name).read_bytes()).hexdigest() != digest:
                raise bad_input(f"{name} missing or changed in {archive}", "a whole backup", "take an older one")
        (place / _SUMS).unlink()
        restored = ProgramFolder(place)
        restored.brief()
        if restored.database.is_file():
            Store(restored.database).close()  # sound, and of a shape that this Drillyard knows
        restored.keep_private()
        place.rename(out)
    return len(sums)


def _copy_of(folder: ProgramFolder) -> bytes:
    """Return the yard's database as a SQLite file, or nothing where there is none."""
    database = find_database(folder)
    with tempfile.TemporaryDirectory() as held:
        copy = Path(held) / "copy.db"
        if isinstance(database, str):
            with kept_store(folder) as store:
                assert store is not None, "a server is always there, or an error"
                copy_to_file(store, copy)
            return copy.read_bytes()
        if not database.is_file():
            return b""
        with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(copy)) as to:
            try:
                source.backup(to)
            except sqlite3.Error as error:
                raise BadInput(f"{database}: found damage ({error}), expected a sound database") from None
        return copy.read_bytes()


def _add(archive: tarfile.TarFile, name: str, data: bytes, sums: dict[str, str]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    archive.addfile(entry, io.BytesIO(data))
    sums[name] = hashlib.sha256(data).hexdigest()
