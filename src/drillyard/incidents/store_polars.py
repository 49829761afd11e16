"""The rows of a case as Parquet files, and which of them a rule holds of."""

from __future__ import annotations

import functools
import io
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from drillyard.errors import bad_input
from drillyard.incidents.row import Row, Template
from drillyard.incidents.sliced import Selector, TriggerRule

__all__ = [
    "COLUMNS", "JSON_COLUMNS", "NUMBERS", "VALUES", "WHEN", "WORD", "counted", "holds", "name_templates",
    "parquet_bytes", "rows_of", "said", "scan_rows", "selects", "variable", "write_part",
]  # fmt: skip

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
WHEN = pl.from_epoch(pl.col("ts").floor().cast(pl.Int64), time_unit="s")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
VALUES: Mapping[str, tuple[pl.Expr, Callable[[str], str]]] = {
    "template": (pl.col("template_id"), "template = {!r}".format),
    "version": (pl.col("template_version"), "template version = {!r}".format),
    "release": (pl.col("release"), "release = {!r}".format),
    "model": (pl.col("model"), "model = {!r}".format),
    "cohort": (pl.col("cohort"), "cohort = {!r}".format),
    "hour": (WHEN.dt.hour().cast(pl.String), lambda hour: f"between {hour}:00 and {int(hour) + 1}:00 UTC"),
    "weekday": (WHEN.dt.weekday().cast(pl.String), lambda day: f"on a {_DAYS[int(day) - 1]}"),
}
"""Feature -> what a row has of it, and how a selector says it."""
NUMBERS: Mapping[str, tuple[pl.Expr, Callable[[str], str]]] = {
    "turn": (pl.col("turn"), "turn of the session in {}".format),
    "length": (pl.col("user_text").str.len_chars(), "characters of the request in {}".format),
}
"""The same of features whose selectors are ranges, `[low, high)`."""


def write_part(path: Path, rows: Mapping[str, Sequence[Any]]) -> None:
    """Write one part, a list per column of `COLUMNS`."""
    types = {name: pl.String if kind == "List" else getattr(pl, kind) for name, kind in COLUMNS.items()}
    joined = {**rows, "tools": [_BETWEEN.join(one) for one in rows["tools"]]}  # lists of lists are read one by one
    part = pl.DataFrame(joined, schema=types).with_columns(pl.col("tools").str.extract_all(f"[^{_BETWEEN}]+"))
    part.write_parquet(path, compression="zstd", compression_level=1)


def scan_rows(folder: Path) -> pl.LazyFrame | None:
    """Return the parts of a folder as one lazy table with `turn`, the place in the session; None without parts."""
    parts = _parts(folder)
    if not parts:
        return None
    return pl.scan_parquet(parts).with_columns(turn=pl.col("ts").rank("ordinal").over("session"))


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def counted(folder: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the counts of rows that a `LogCoverage` has, and what about them is to be noted."""
    ts, label, named = pl.col("ts"), pl.col("label_bad"), pl.col("trace_id").replace("", None)
    counts = {
        "usable": pl.len(), "labelled": label.count(), "bad": (label >= 0.5).sum(), "sessions": pl.n_unique("session"),
        "first": ts.min(), "last": ts.max(),
    }  # fmt: skip
    notes = {
        "rows without a time": ts.null_count(),
        "rows earlier than the one before them in their session": (
            ts < ts.forward_fill().shift().over("session")
        ).sum(),
        "ids that came before with other content (kept)": named.count() - named.drop_nulls().n_unique(),
    }
    found = pl.scan_parquet(_parts(folder)).select(**counts, **notes).collect(engine="streaming").row(0, named=True)
    return {name: found[name] for name in counts}, {name: found[name] for name in notes}


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
        frame = frame.filter(holds(rule.selectors, templates))
    if bad is not None:
        frame = frame.filter(pl.col("label_bad") >= 0.5 if bad else pl.col("label_bad") < 0.5)
    if limit is not None:
        frame = frame.head(limit)
    for line in frame.select(*COLUMNS).collect(engine="streaming").iter_rows(named=True):
        for name in JSON_COLUMNS:
            line[name] = json.loads(line[name]) if line[name] else ([] if name == "history" else {})
        yield Row.model_validate(line)


def holds(selectors: Sequence[Selector], templates: Mapping[str, Template]) -> pl.Expr:
    """Return the expression that is true of the rows under a rule."""
    return functools.reduce(operator.and_, (selects(one, templates) for one in selectors))


def said(column: str = "user_text") -> pl.Expr:
    """Return the words of a text in lower case between single spaces, with a space at both ends."""
    words = pl.col(column).str.to_lowercase().str.extract_all(WORD).list.join(" ")
    return pl.format(" {} ", words)


def selects(one: Selector, templates: Mapping[str, Template]) -> pl.Expr:
    """Return the expression that is true of the rows that a selector holds of. Raises `BadInput` for an unknown one."""
    name, _, inner = one.feature.partition(":")
    if name in VALUES:
        return VALUES[name][0] == one.value
    if name in NUMBERS:
        low, _, high = one.value.strip("[)").partition(",")  # open at an end that is empty
        number = NUMBERS[name][0]
        return (number >= float(low or "-inf")) & (number < float(high.strip() or "inf"))
    if name == "segment":
        return pl.col("prompt").is_in([key for key, template in templates.items() if template.has([one.value])])
    if name == "tool":
        return pl.col("tools").list.contains(one.value)
    if name == "words":
        return said().str.contains(f" {one.value} ", literal=True)
    if name == "var":
        return variable(inner) == one.value
    raise bad_input(f"a selector of {one.feature!r}", "one that a slice makes", "slice the case again")


def variable(name: str) -> pl.Expr:
    """Return what a variable of the prompt holds."""
    return pl.col("vars").str.json_path_match(f"$['{name}']")


def name_templates(folder: Path, told: Sequence[tuple[str, str, str, Mapping[str, str]]]) -> None:
    """Put into the parts, in place of each prompt's number, its template and the values that fill it."""
    names = ("prompt", "template_id", "template_version", "vars")
    known = [(*ids, json.dumps(values, ensure_ascii=False) if values else "") for *ids, values in told]
    table = pl.DataFrame(known, schema=dict.fromkeys(names, pl.String), orient="row")
    for path in _parts(folder):
        part = pl.read_parquet(path)
        named = table[part["prompt"].cast(pl.UInt32)]
        own = part["vars"]
        named = named.with_columns(vars=pl.when(own != "").then(own).otherwise(pl.col("vars")))
        draft = path.with_name(f".{path.name}")
        part.with_columns(named).write_parquet(draft, compression="zstd", compression_level=1)
        draft.replace(path)


def parquet_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return plain rows as a Parquet file, its columns those of the first row."""
    data = io.BytesIO()
    pl.DataFrame([*map(dict, rows)], infer_schema_length=None).write_parquet(data)
    return data.getvalue()
