"""The rows of a case as Parquet files, and which of them a rule holds of."""

from __future__ import annotations

import functools
import io
import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from drillyard.errors import bad_input
from drillyard.incidents.row import Row, Template
from drillyard.incidents.sliced import Selector, TriggerRule

__all__ = [
    "COLUMNS",
    "JSON_COLUMNS",
    "holds",
    "name_templates",
    "parquet_bytes",
    "rows_of",
    "said",
    "scan_rows",
    "selects",
    "write_part",
]

COLUMNS: Mapping[str, str] = {
    "ts": "Float64", "trace_id": "String", "session": "String", "user": "String", "cohort": "String",
    "model": "String", "release": "String", "template_id": "String", "template_version": "String", "prompt": "String",
    "vars": "String", "user_text": "String", "response_text": "String", "history": "String", "tools": "List",
    "scores": "String", "feedback": "String", "cost": "Float64", "latency": "Float64", "label_bad": "Float64",
    "source_ref": "String",
}  # fmt: skip
"""Column -> type. Those of `JSON_COLUMNS` hold JSON, empty for none, since every log has other names in them."""

JSON_COLUMNS = ("vars", "history", "scores", "feedback")
_BETWEEN = "\x1f"
WORD = r"[\p{L}\p{N}]+"


def write_part(path: Path, rows: Mapping[str, Sequence[Any]]) -> None:
    """Write one part, a list per column of `COLUMNS`."""
    types = {name: pl.String if kind == "List" else getattr(pl, kind) for name, kind in COLUMNS.items()}
    joined = {**rows, "tools": [_BETWEEN.join(one) for one in rows["tools"]]}  # lists of lists are read one by one
    part = pl.DataFrame(joined, schema=types).with_columns(pl.col("tools").str.extract_all(f"[^{_BETWEEN}]+"))
    part.write_parquet(path, compression="zstd", compression_level=1)


def scan_rows(folder: Path) -> pl.LazyFrame | None:
    """Return the parts of a folder as one lazy table with `turn`, the place in the session; None without parts."""
    parts = sorted(folder.glob("part-*.parquet"))
    if not parts:
        return None
    return pl.scan_parquet(parts).with_columns(turn=pl.col("ts").rank("ordinal").over("session"))


def rows_of(
    frame: pl.LazyFrame,
    templates: Mapping[str, Template],
    rule: TriggerRule | None,
    *,
    bad: bool | None,
    limit: int | None,
) -> Iterator[Row]:
    """Yield rows under a rule; see `Case.rows`."""
    if rule is not None:
        frame = frame.filter(holds(rule, templates))
    if bad is not None:
        frame = frame.filter(pl.col("label_bad") >= 0.5 if bad else pl.col("label_bad") < 0.5)
    if limit is not None:
        frame = frame.head(limit)
    for line in frame.select(*COLUMNS).collect(engine="streaming").iter_rows(named=True):
        for name in JSON_COLUMNS:
            line[name] = json.loads(line[name]) if line[name] else ([] if name == "history" else {})
        yield Row.model_validate(line)


def holds(rule: TriggerRule, templates: Mapping[str, Template]) -> pl.Expr:
    """Return the expression that is true of the rows under a rule."""
    return functools.reduce(operator.and_, (selects(one, templates) for one in rule.selectors))


def said(column: str = "user_text") -> pl.Expr:
    """Return the words of a text in lower case between single spaces, with a space at both ends."""
    words = pl.col(column).str.to_lowercase().str.extract_all(WORD).list.join(" ")
    return pl.format(" {} ", words)


def selects(one: Selector, templates: Mapping[str, Template]) -> pl.Expr:
    """Return the expression that is true of the rows that a selector holds of. Raises `BadInput` for an unknown one."""
    feature = one.feature
    name, _, inner = feature.partition(":")
    when = pl.from_epoch(pl.col("ts").floor().cast(pl.Int64), time_unit="s")
    plain = {
        "template": "template_id", "version": "template_version", "release": "release", "model": "model",
        "cohort": "cohort", "prompt": "prompt",
    }  # fmt: skip
    if feature in plain:
        return pl.col(plain[feature]) == one.value
    if feature == "segment":
        return pl.col("prompt").is_in([key for key, template in templates.items() if template.has([one.value])])
    if feature == "tool":
        return pl.col("tools").list.contains(one.value)
    if feature == "words":
        return said().str.contains(f" {one.value} ", literal=True)
    if feature == "hour":
        return when.dt.hour() == int(one.value)
    if feature == "weekday":
        return when.dt.weekday() == int(one.value)
    if name == "var":
        return pl.col("vars").str.json_path_match(_path(inner)) == one.value
    if name in ("score", "feedback"):
        return _within(
            pl.col({"score": "scores"}.get(name, name)).str.json_path_match(_path(inner)).cast(pl.Float64), one
        )
    if feature == "turn":
        return _within(pl.col("turn"), one)
    if feature == "length":
        return _within(pl.col("user_text").str.len_chars(), one)
    if feature in ("cost", "latency"):
        return _within(pl.col(feature), one)
    raise bad_input(f"a selector of {feature!r}", "one that a slice makes", "slice the case again")


def _path(name: str) -> str:
    return f"$['{name}']"


def _within(number: pl.Expr, one: Selector) -> pl.Expr:
    """A range `[low, high)`, open at an end that is empty."""
    low, _, high = one.value.strip("[)").partition(",")
    under = pl.lit(True) if not high.strip() else number < float(high)
    return (pl.lit(True) if not low.strip() else number >= float(low)) & under & number.is_not_null()


def name_templates(path: Path, told: Sequence[tuple[str, str, str, Mapping[str, str]]]) -> None:
    """Put into a part, in place of each prompt's number, its template and the values that fill it."""
    part = pl.read_parquet(path)
    numbers = part["prompt"].cast(pl.Int64).to_list()
    own = part["vars"].to_list()
    inferred = [json.dumps(values, ensure_ascii=False) if values else "" for *_, values in told]
    named = part.with_columns(
        pl.Series("prompt", [told[n][0] for n in numbers], dtype=pl.String),
        pl.Series("template_id", [told[n][1] for n in numbers], dtype=pl.String),
        pl.Series("template_version", [told[n][2] for n in numbers], dtype=pl.String),
        pl.Series("vars", [o or inferred[n] for o, n in zip(own, numbers, strict=True)], dtype=pl.String),
    )
    draft = path.with_name(f".{path.name}")
    named.write_parquet(draft, compression="zstd", compression_level=1)
    draft.replace(path)


def parquet_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return plain rows as a Parquet file, its columns those of the first row."""
    data = io.BytesIO()
    pl.DataFrame([*map(dict, rows)], infer_schema_length=None).write_parquet(data)
    return data.getvalue()
