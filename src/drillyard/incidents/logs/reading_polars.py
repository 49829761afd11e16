"""Logs from files, an object at a time: JSON lines, JSON, Parquet, CSV, Inspect's archives; compressed or not.

What cannot be read of a file of lines is handed on with its place and reason; a file that is broken as a whole
(a truncated Parquet, an archive without its index) is refused, before anything is written.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from pydantic_core import from_json

from drillyard.errors import BadInput, bad_input

__all__ = ["Seen", "check", "log_files", "objects"]

_BATCH, _NO_OBJECT = 20_000, "no JSON object"
_KINDS = (".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".eval", ".jsonl.gz", ".json.gz", ".ndjson.gz")


class Seen(NamedTuple):
    """One object of a log with its place; `problem` says why there is none, `note` what was put right to have it.

    `raw` is how it stands in the log, where that is a line or a file of its own.
    """

    place: str
    data: Mapping[str, Any] | None
    problem: str = ""
    note: str = ""
    raw: bytes = b""


def log_files(paths: list[Path]) -> list[Path]:
    """Return the log files of paths, folders searched. Raises `BadInput` for what is not there, or holds none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.is_file() and one.name.lower().endswith(_KINDS))
            if not inside:
                raise bad_input(f"no log in the folder {str(path)!r}", f"files that end in {', '.join(_KINDS)}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise bad_input(f"nothing at {str(path)!r}", "a log file, or a folder of them")
    return found


def objects(path: Path) -> Iterator[Seen]:
    """Yield every object of a log file. Raises `BadInput` where the whole file cannot be read."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _frame(path, _parquet)
    if name.endswith(".csv"):
        return _frame(path, _csv)
    if name.endswith((".eval", ".zip")):
        return _archive(path)
    if name.endswith((".json", ".json.gz")):
        return _document(path)
    return _lines(path)


def check(path: Path) -> None:
    """Raise `BadInput` where a file is broken as a whole, before anything is read or written."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        try:
            pl.read_parquet_schema(path)
        except Exception as error:
            raise _broken(path, "Parquet", error) from None
    elif name.endswith((".eval", ".zip")) and not zipfile.is_zipfile(path):
        raise _broken(path, "Inspect log", ValueError("no index at its end"))


def _broken(path: Path, kind: str, error: Exception) -> BadInput:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return bad_input(
        f"{str(path)!r}, which is no whole {kind} file ({first[:100]})",
        "one that was written to its end",
        "copy it again; nothing was changed",
    )


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def _lines(path: Path) -> Iterator[Seen]:
    with _open(path) as file:
        try:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _object(f"{path.name}:{number}", line)
        except (EOFError, gzip.BadGzipFile) as error:
            yield Seen(f"{path.name}:end", None, "the compressed file ends before its end", raw=str(error).encode())


def _object(place: str, line: bytes) -> Seen:
    note = ""
    if not line.isascii():
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            line, note = line.decode("utf-8", "replace").encode(), "bytes that are no UTF-8 were read as U+FFFD"
    try:
        data = from_json(line)
    except ValueError:
        return Seen(place, None, "broken JSON", raw=line)
    return Seen(place, data, note=note, raw=line) if isinstance(data, dict) else Seen(place, None, _NO_OBJECT, raw=line)


def _document(path: Path) -> Iterator[Seen]:
    """A JSON document: one object, a list of them, or an object that holds the list; or, in truth, JSON lines."""
    with _open(path) as file:
        text = file.read()
    try:
        data = from_json(text)
    except ValueError:
        yield from _lines(path)
        return
    if isinstance(data, dict):
        held = next(
            (data[name] for name in ("data", "traces", "spans", "runs", "rows") if isinstance(data.get(name), list)),
            None,
        )
        data = [data] if held is None else held
    for number, one in enumerate(data if isinstance(data, list) else [data], start=1):
        place = f"{path.name}:{number}"
        yield Seen(place, one) if isinstance(one, dict) else Seen(place, None, _NO_OBJECT, raw=str(one).encode())


def _archive(path: Path) -> Iterator[Seen]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        header = json.loads(archive.read("header.json")) if "header.json" in names else {}
        for name in sorted(name for name in names if name.startswith("samples/") and name.endswith(".json")):
            seen = _object(f"{path.name}/{name}", archive.read(name))
            yield seen._replace(data={**seen.data, "eval": header.get("eval") or {}}) if seen.data is not None else seen


def _parquet(path: Path) -> Iterator[pl.DataFrame]:
    scanned = pl.scan_parquet(path)
    yield from scanned.collect_batches(chunk_size=_BATCH, maintain_order=True)


def _csv(path: Path) -> Iterator[pl.DataFrame]:
    scanned = pl.scan_csv(path, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True)
    yield from scanned.collect_batches(chunk_size=_BATCH, maintain_order=True)


def _frame(path: Path, batches: Any) -> Iterator[Seen]:
    number = 0
    try:
        for batch in batches(path):
            for row in batch.iter_rows(named=True):
                number += 1
                yield Seen(f"{path.name}:{number}", row)
    except pl.exceptions.PolarsError as error:
        raise _broken(path, "CSV" if batches is _csv else "Parquet", error) from None
