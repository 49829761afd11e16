"""Writing files so that a kill at any moment leaves the old file, the new one, or a whole number of lines."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records.base import Record

__all__ = ["append_lines", "as_lines", "csv_rows", "held", "mend_lines", "split_lines", "write_atomically"]


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all; folders on the way are made.

    Raises:
        BadInput: nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, mode)
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a place that can be written") from None


def _replace(path: Path, data: bytes, mode: int) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def as_lines(records: Iterable[Record]) -> bytes:
    """Return records as JSON, one a line."""
    return "".join(f"{record.to_json()}\n" for record in records).encode()


def append_lines(path: Path, records: Iterable[Record]) -> None:
    """Append records, one a line, in one write: they survive the death of this process, though not a power cut.

    Waiting for the disk would cost as much as everything else in a run.
    """
    with path.open("ab", buffering=0) as file:
        file.write(as_lines(records))


def mend_lines(path: Path) -> None:
    """Cut off half a line at the end of a file, which a kill may have left; no file is fine too."""
    if not path.is_file():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def split_lines(text: str) -> list[str]:
    """Return the lines of a file of JSON lines, as `as_lines` ends them.

    `str.splitlines` would also cut inside a JSON string, at U+2028 and other signs that JSON leaves as they are.
    """
    return text.removesuffix("\n").split("\n") if text else []


def csv_rows(text: str) -> csv.DictReader[str]:
    """Return the rows of a CSV text: any line ends, fields of any length. Reading on raises `csv.Error`."""
    csv.field_size_limit(1 << 30)  # the module's own limit, 128 kB, is less than a long conversation
    return csv.DictReader(io.StringIO(text, newline=""), strict=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a folder to this process while the block runs: two that write one run would mix their lines.

    The lock is a file in the user's temporary folder, so that it leaves nothing behind and that the folder need not be
    there; it ends with the process, however that ends. Other machines that share the folder are not kept out.

    Raises:
        BadInput: another process holds it.
    """
    place = Path(tempfile.gettempdir()) / f"drillyard-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    with open(place / name, "a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            who = file.read(20) or "?"
            raise bad_input(
                f"another drillyard (process {who}) at work in {str(folder)!r}",
                "one at a time",
                "wait, or choose another -o",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
