"""A journal: what a run has done, one JSON object a line, so that a run that was killed goes on with the next one."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from drillyard.errors import BadInput, bad_input
from drillyard.records.base import Record
from drillyard.records.files import one_line

__all__ = ["Journal", "mend_lines"]

_T = TypeVar("_T")
_BLOCK = 1 << 16


class Journal(Generic[_T]):
    """A file of JSON lines that only grows. Iterating reads it, a line at a time; `append` adds to it.

    Of a last line without an end, which a kill or a full disk leaves, nothing is read, and the next `append` cuts it
    off. So whatever happens, what is read are the first so many entries that were appended, each of them whole.

    Args:
        path: of the file, which is made with its first entry.
        read: turns the object of a line into an entry; raises `BadInput`, KeyError, TypeError or ValueError.
        durable: wait for the disk with every append, so that a power cut takes nothing either. Without, a kill takes
            nothing, and an append costs some 20 µs instead of a turn of the disk.
    """

    def __init__(self, path: Path, read: Callable[[Any], _T], *, durable: bool = False) -> None:
        self.path = path
        self._read, self._durable, self._lock = read, durable, threading.Lock()

    def __iter__(self) -> Iterator[_T]:
        """Yield the entries. Raises `BadInput` with the number of a broken line."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield self._entry(number, line)

    def append(self, *entries: Record | Mapping[str, Any]) -> None:
        """Add entries, in one write; safe from several threads. Raises `BadInput` where nothing can be written."""
        plain = [entry.to_data() if isinstance(entry, Record) else entry for entry in entries]
        data = "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in plain).encode()
        with self._lock, one_line(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            mend_lines(self.path)
            with self.path.open("ab", buffering=0) as file:
                while data:  # a full disk may take a part of it, and says so with the next
                    data = data[file.write(data) :]
                if self._durable:
                    os.fsync(file.fileno())

    def _entry(self, number: int, line: bytes) -> _T:
        try:
            return self._read(json.loads(line))
        except (BadInput, KeyError, TypeError, ValueError, AttributeError):
            found = f"{self.path} line {number}: {line[:80]!r}"
            raise bad_input(found, "an entry of an earlier run", "delete that line") from None


def mend_lines(path: Path) -> None:
    """Cut off half a line at the end of a file, which a kill may have left; no file is fine too."""
    if not path.is_file():
        return
    with path.open("r+b") as file:
        end = whole = file.seek(0, os.SEEK_END)
        while whole:
            start = max(0, whole - _BLOCK)
            file.seek(start)
            if (found := file.read(whole - start).rfind(b"\n")) >= 0:
                whole = start + found + 1
                break
            whole = start
        if whole < end:
            file.truncate(whole)
