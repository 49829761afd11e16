"""Reading JSON line by line, with every broken line told by its number."""

from __future__ import annotations

import functools
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from drillyard.errors import BadInput, bad_input
from drillyard.records import BenchCase

__all__ = ["Problems", "json_lines", "read_text"]

_SHOWN = 3
Row = TypeVar("Row", bound=tuple[Any, ...])
MOST_BYTES = 512 * 1024 * 1024
"""Of a file, unpacked; the largest of OpenAI's registry has 60 MB."""


@dataclass(kw_only=True)
class Problems:
    """What is wrong with single lines or cases; told all at once, or skipped when the user says so.

    With `most` only so many rows of a source are read further, drawn by `seed`; `unread` counts the others.
    """

    skip: bool = False
    most: int | None = None
    seed: int = 0
    told: list[str] = field(default_factory=list)
    unread: int = 0

    def add(self, where: str, words: object) -> None:
        """Note one problem."""
        self.told.append(f"{where}: {words}")

    def attempt(self, where: str, work: Callable[[], Any]) -> Any:
        """Return what the work returns; None, and a note, where it raises `BadInput`."""
        try:
            return work()
        except BadInput as problem:
            self.add(where, problem)
            return None

    def some(self, where: str, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the rows that are read further, in order: all, or `most` of them, each as likely as any other.

        Rows begin with their number. One pass, and never more than `most` rows in memory (a reservoir).
        """
        if self.most is None:
            return rows
        draw, kept = random.Random(f"{self.seed} {where}"), list[Row]()
        for number, row in enumerate(rows):
            if number < self.most:
                kept.append(row)
                continue
            self.unread += 1
            if (place := draw.randrange(number + 1)) < self.most:
                kept[place] = row
        return sorted(kept, key=lambda row: int(row[0]))

    def cases(
        self, where: str, rows: Iterable[tuple[int, Any]], make: Callable[[int, Any], BenchCase]
    ) -> list[BenchCase]:
        """Return the case that each row becomes; those that become none are noted by their number, from 1."""
        made = [
            self.attempt(f"{where} {index + 1}", functools.partial(make, index, row))
            for index, row in self.some(where, rows)
        ]
        return [case for case in made if case]

    def settle(self) -> None:
        """Raise one line about all problems, unless they are to be skipped."""
        if self.told and not self.skip:
            more = f" (and {len(self.told) - _SHOWN} more)" if len(self.told) > _SHOWN else ""
            listed = "; ".join(self.told[:_SHOWN])
            raise BadInput(f"{listed}{more}; use the rest with --skip-bad")


def read_text(path: Path) -> str:
    """Return a text file, unpacked when it ends in `.gz`.

    Raises:
        BadInput: it is not there, not UTF-8, packed otherwise, or the stand-in that Git LFS leaves.
    """
    if path.suffix in (".zst", ".lz4"):
        raise bad_input(f"{str(path)!r}, which is packed", "plain text or .gz", f"unpack it: unzstd/unlz4 {path}")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise bad_input(f"more than {MOST_BYTES >> 20} MiB in {str(path)!r}", "less", "split it")
        text = raw.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise bad_input(f"{getattr(error, 'strerror', None) or error} at {str(path)!r}", "a readable file") from None
    except UnicodeDecodeError as error:
        raise bad_input(f"bytes in {str(path)!r} that are not UTF-8 (at {error.start})", "text") from None
    if text.startswith("version https://git-lfs"):
        raise bad_input(f"the Git LFS stand-in {str(path)!r}", "the file itself", "type: git lfs pull")
    return text


def json_lines(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield index (from 0) and object of every line; broken ones are noted by their number (from 1) and left out."""
    # As in a text file: JSON strings may hold U+2028 and others at which splitlines() cuts, but no bare \r or \n.
    lines = read_text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for index, line in enumerate(lines[:-1] if lines[-1] == "" else lines):
        where = f"{path.name} line {index + 1}"
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.add(where, f"broken JSON ({error})" if line.strip() else "an empty line")
            continue
        if isinstance(data, dict):
            yield index, data
        else:
            problems.add(where, f"found {type(data).__name__}, expected a JSON object")
