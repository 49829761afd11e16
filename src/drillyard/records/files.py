"""Writing files so that a kill at any moment, or a full disk, leaves the old file or the new one.

`journal.py` has files that grow line by line, `locks.py` what keeps two processes apart, `run_folder.py` all of it in
one type.
"""

from __future__ import annotations

import csv
import errno
import functools
import io
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from drillyard.errors import BadInput, bad_input, tell
from drillyard.records.base import Record

__all__ = [
    "as_lines",
    "csv_rows",
    "make_folder",
    "one_line",
    "read_lines",
    "read_record",
    "read_unchanged",
    "split_lines",
    "write_atomically",
    "write_record",
]

_COARSEST = 2.0
"""Seconds: what FAT counts in; most others in thousandths."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_AnyRecord = TypeVar("_AnyRecord", bound=Record)
_Parsed = TypeVar("_Parsed")


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn what the machine says of a place that cannot be written into one line, as `BadInput`."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        again = "make room and type the same command again: what is finished is kept" if full else ""
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a place that can be written", again) from None


def make_folder(folder: Path) -> None:
    """Make a folder and those on the way. Raises `BadInput` where nothing can be written."""
    with one_line(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all; folders on the way are made.

    Raises:
        BadInput: nothing can be written there.
    """
    with one_line(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def write_record(path: Path, record: Record, mode: int = 0o644) -> None:
    """Write a record for people to read, atomically. Raises `BadInput` where nothing can be written."""
    write_atomically(path, f"{record.to_json(indent=2)}\n".encode(), mode)


def read_record(path: Path, kind: type[_AnyRecord], made_by: str = "a file that is there") -> _AnyRecord:
    """Read a record from its file; `made_by` says what is expected. Raises `BadInput`, with the file's name."""
    try:
        return kind.from_json(path.read_bytes())
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", made_by) from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def read_unchanged(path: Path, kind: type[_AnyRecord]) -> _AnyRecord:
    """Return what `read_record` does, parsed anew only once the file is another one; so for files written atomically.

    A file that is younger than the coarsest clock of a file system is parsed each time: another may have its stamp.
    """
    try:
        stat = path.stat()
    except OSError:
        return read_record(path, kind)
    if time.time() - stat.st_ctime < _COARSEST:
        return read_record(path, kind)
    return _parsed(path, kind, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))  # type: ignore[return-value]


@functools.lru_cache(maxsize=4096)
def _parsed(path: Path, kind: type[Record], _stamp: tuple[int, ...]) -> Record:
    return read_record(path, kind)


def as_lines(records: Iterable[Record]) -> bytes:
    """Return records as JSON, one a line."""
    return "".join(f"{record.to_json()}\n" for record in records).encode()


def split_lines(text: str) -> list[str]:
    """Return the lines of a file of JSON lines, as `as_lines` ends them.

    `str.splitlines` would also cut inside a JSON string, at U+2028 and other signs that JSON leaves as they are.
    """
    return text.removesuffix("\n").split("\n") if text else []


def read_lines(path: Path, parse: Callable[[str], _Parsed], expected: str) -> list[_Parsed]:
    """Return what each line of a file of JSON lines parses to; blank lines are skipped.

    Args:
        path: the file, in UTF-8, with or without its mark.
        parse: turns a line into a value, or raises `BadInput` or `ValueError`.
        expected: what the file should hold, such as a line of it.

    Raises:
        BadInput: the file cannot be read or has no line; or `parse` refused one, with the line's number.
    """
    try:
        lines = split_lines(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", f"a UTF-8 file: {expected}") from None
    parsed = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            parsed.append(parse(line))
        except json.JSONDecodeError:
            raise bad_input(f"{path} line {number}: {tell(line)}", expected) from None
        except (BadInput, ValueError) as error:
            raise BadInput(f"{path} line {number}: {error}") from None
    if not parsed:
        raise bad_input(f"{path} without a line", expected)
    return parsed


def csv_rows(text: str) -> csv.DictReader[str]:
    """Return the rows of a CSV text: any line ends, fields of any length. Reading on raises `csv.Error`."""
    csv.field_size_limit(1 << 30)  # the module's own limit, 128 kB, is less than a long conversation
    return csv.DictReader(io.StringIO(text, newline=""), strict=True)
