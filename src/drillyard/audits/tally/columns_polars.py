"""Stored transcripts as a column store: every row with its part, and the distinct replies of one part.

Rows that ask and say the same share a part, so each part is small enough to sort in memory, whatever there is in all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from drillyard.audits.tally.report import KEYS, VERDICTS
from drillyard.errors import bad_input
from drillyard.records.progress import Progress

__all__ = ["Unusable", "count_by", "count_rows", "distinct", "examples", "read_files", "sum_parts", "write_judged"]

_MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_TRANSCRIPT: dict[str, pl.DataType] = {
    "conversation": pl.Struct({"messages": _MESSAGES, "template": pl.String}),
    "reply": pl.Struct({"text": pl.String, "finish": pl.String}),
    "target": pl.String(),
}
_ROLES, _FINISHES = ("system", "user", "assistant"), ("stop", "length", "error")
_ROWS, _COUNT = "rows-*.parquet", "n"
_UNUSABLE = -1
_TOLD = 5
_CHUNK = 32 << 20
"""Bytes of a file that are read at once. A file that is read whole is mapped whole, and takes as much memory as it has:
3.7 GB at 10 million replies of 350 bytes."""
_GROUP = 4096
"""Rows that are stored together, mostly of one part, so that reading a part passes over the others: chosen."""


@dataclass(kw_only=True)
class Unusable:
    """Rows that are left out: how many, and where the first few stand."""

    rows: int = 0
    where: list[str] = field(default_factory=list)

    def add(self, where: str, rows: int = 1) -> None:
        """Count rows that are left out."""
        self.rows += rows
        if len(self.where) < _TOLD:
            self.where.append(where)


def read_files(files: Sequence[Path], store: Path, parts: int, progress: Progress) -> tuple[int, int, tuple[str, ...]]:
    """Write the rows of JSONL files of transcripts, or of judged replies, into a store; count them.

    Returns how many can be used, how many cannot, and where the first few of those stand.

    Raises:
        BadInput: a file that cannot be read, or no row that can be used.
    """
    unusable, done, total = Unusable(), 0, sum(file.stat().st_size for file in files)
    for at, file in enumerate(files):
        inner = _is_judged(file)
        for number, (line, chunk) in enumerate(_chunks(file)):
            _read(file.name, line, chunk, store / _ROWS.replace("*", f"{at:04d}-{number:06d}"), inner, parts, unusable)
            done += len(chunk)
            progress(f"reading {file.name}, MB", done // 1_000_000, total // 1_000_000)
    rows = int(_rows(store).filter(pl.col("part") != _UNUSABLE).select(pl.len()).collect().item())
    if not rows:
        raise bad_input(f"no row that can be used ({'; '.join(unusable.where)})", "transcripts, one a line")
    return rows, unusable.rows, tuple(unusable.where)


def distinct(store: Path, part: int) -> pl.DataFrame:
    """Return the distinct replies of a part, in a fixed order, each with how often it is there."""
    same = _rows(store).filter(pl.col("part") == part).group_by(KEYS).agg(pl.len().alias(_COUNT))
    return same.sort(KEYS).collect(engine="streaming")


def write_judged(path: Path, replies: pl.DataFrame, verdicts: Mapping[str, Sequence[int]]) -> None:
    """Write a part's distinct replies with a column of verdicts per behaviour, atomically."""
    columns = [pl.Series(f"says.{code}", values, dtype=pl.Int8) for code, values in verdicts.items()]
    draft = path.with_suffix(".draft")
    replies.with_columns(columns).write_parquet(draft, compression="zstd")
    draft.rename(path)


def sum_parts(parts: Sequence[Path], codes: Sequence[str]) -> Iterator[tuple[str, str, str, tuple[int, int, int]]]:
    """Yield target, template, behaviour and its counts of verdicts, in the order of `VERDICTS`."""
    sums = [
        pl.col(_COUNT).filter(pl.col(f"says.{code}") == verdict).sum().alias(f"{code}\x1f{verdict}")
        for code in codes
        for verdict in range(len(VERDICTS))
    ]
    table = pl.scan_parquet(list(parts)).group_by("target", "template").agg(sums).sort("target", "template").collect()
    for row in table.iter_rows(named=True):
        for code in codes:
            absent, shown, unknown = (int(row[f"{code}\x1f{verdict}"]) for verdict in range(len(VERDICTS)))
            yield row["target"], row["template"], code, (absent, shown, unknown)


def count_by(parts: Sequence[Path], column: str) -> dict[str, int]:
    """Return how many replies there are by the values of one of `KEYS`."""
    table = pl.scan_parquet(list(parts)).group_by(column).agg(pl.col(_COUNT).sum()).sort(column).collect()
    return {value: int(n) for value, n in table.iter_rows()}


def count_rows(parts: Sequence[Path]) -> int:
    """Return how many distinct replies were judged."""
    return int(pl.scan_parquet(list(parts)).select(pl.len()).collect().item())


def examples(parts: Sequence[Path], code: str, limit: int) -> list[dict[str, Any]]:
    """Return the replies that show a behaviour and are there most often, as mappings of `KEYS` and their number."""
    shown = pl.scan_parquet(list(parts)).filter(pl.col(f"says.{code}") == VERDICTS.index("shown"))
    order = shown.select(*KEYS, _COUNT).sort([_COUNT, *KEYS], descending=[True, *(False for _ in KEYS)])
    return order.head(limit).collect(engine="streaming").to_dicts()


def _rows(store: Path) -> pl.LazyFrame:
    return pl.scan_parquet(sorted(store.glob(_ROWS)))


def _chunks(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield a file in pieces of whole lines, each with the number of its first."""
    line = 1
    with file.open("rb") as data:
        while chunk := data.read(_CHUNK) + data.readline():
            yield line, chunk
            line += chunk.count(b"\n")


def _read(name: str, line: int, chunk: bytes, rows: Path, inner: bool, parts: int, unusable: Unusable) -> None:
    """Write the rows of a chunk, those of a part together; lines that polars cannot read are left out first."""
    try:
        table = _table(chunk, inner, parts)
    except pl.exceptions.PolarsError:
        table = _table(_clean(name, line, chunk, inner, unusable), inner, parts)
    if empty := table.filter(pl.col("part") == _UNUSABLE).height:
        unusable.add(f"{name}: {empty:,} without a conversation or a reply from line {line} on", empty)
    draft = rows.with_suffix(".draft")
    table.write_parquet(draft, compression="zstd", compression_level=1, row_group_size=_GROUP)
    draft.rename(rows)


def _table(chunk: bytes, inner: bool, parts: int) -> pl.DataFrame:
    usable = pl.col("conversation").is_not_null() & pl.col("reply").is_not_null()
    part = (pl.concat_str(pl.col(KEYS), separator="\x1f").hash() % parts).cast(pl.Int16)
    frame = _scan(chunk, inner).with_columns(part=pl.when(usable).then(part).otherwise(_UNUSABLE))
    return frame.sort("part", maintain_order=True).collect()


def _is_judged(file: Path) -> bool:
    """Say whether a file holds judged replies, by its first line. Raises `BadInput` for a file of something else."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            first = next((line for line in lines if line.strip().startswith("{")), "")
        found = json.loads(first or "{}")
    except OSError as error:
        raise bad_input(f"{str(file)!r} that cannot be read ({error.strerror})", "a JSONL file") from None
    except ValueError:
        found = {"conversation": {}, "reply": {}}  # a broken first line says nothing of the others
    if "transcript" in found:
        return True
    if {"conversation", "reply"} <= set(found):
        return False
    held = f"a line with {', '.join(map(str, found))[:80]}" if found else "no JSON object"
    raise bad_input(f"{held} in {file.name}", "transcripts, one a line, with conversation and reply")


def _scan(chunk: bytes, inner: bool) -> pl.LazyFrame:
    schema = {"transcript": pl.Struct(_TRANSCRIPT)} if inner else _TRANSCRIPT
    frame = pl.scan_ndjson(chunk, schema=schema) if chunk.strip() else pl.LazyFrame(schema=schema)
    if inner:
        frame = frame.select(pl.col("transcript").struct.unnest())
    talk, reply = pl.col("conversation").struct, pl.col("reply").struct
    said = pl.element().struct.field("role").is_in(_ROLES) & pl.element().struct.field("content").is_not_null()
    whole = (talk.field("messages").list.len() > 0) & talk.field("messages").list.eval(said).list.all()
    finish = reply.field("finish").fill_null("stop")
    return frame.select(
        target=pl.col("target").fill_null(""),
        template=talk.field("template").fill_null(""),
        conversation=pl.when(whole & finish.is_in(_FINISHES)).then(talk.json_encode()),
        reply=reply.field("text"),
        finish=finish,
    )


def _clean(name: str, first: int, chunk: bytes, inner: bool, unusable: Unusable) -> bytes:
    """Return the lines of a chunk that have the shape of a transcript; count the others."""
    kept = []
    for number, line in enumerate(chunk.split(b"\n"), first):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            row = None
        if _has_shape(row.get("transcript") if inner and isinstance(row, dict) else row):
            kept.append(line)
        else:
            unusable.add(f"{name} line {number}: no transcript")
    return b"\n".join([*kept, b""])


def _has_shape(row: Any) -> bool:
    """Say whether a row's values have the types of a transcript's; what is missing is for the columns to find."""
    match row:
        case {"conversation": {"messages": list(messages), **talk}, "reply": dict(reply)}:
            texts = (talk.get("template"), reply.get("text"), reply.get("finish"), row.get("target"))
            said = (one.get(key) for one in messages if isinstance(one, dict) for key in ("role", "content"))
            return all(isinstance(one, dict) for one in messages) and all(
                text is None or isinstance(text, str) for text in (*texts, *said)
            )
    return False
