"""From rows to selectors: what is true of a row before it was answered, in bits.

Scores, feedback, cost and latency come after the reply, so that they may follow from the behaviour: no selectors.
Which n-grams are asked about is decided by how many rows have them, never by the label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from drillyard.incidents.row import Template
from drillyard.incidents.search.bits import Words, count, pack
from drillyard.incidents.sliced import Selector
from drillyard.incidents.store_polars import NUMBERS, VALUES, WORD, variable

__all__ = ["NEEDED", "Selectors", "selectors_of"]

Flags = NDArray[np.bool_]
NEEDED = (
    "ts", "session", "cohort", "model", "release", "template_id", "template_version", "prompt", "vars", "user_text",
    "tools", "label_bad", "turn",
)  # fmt: skip
_VALUES, _GRAMS, _SAMPLE, _TEXT, _BINS = 60, 200, 50_000, 1_000, 4
_FIRST_NAMED = ("segment", "words", "tool", "var", "template", "version", "release", "model", "cohort")
"""Of selectors that hold of the same rows, the one that names the rest: what can be changed and tried again, first."""


@dataclass(frozen=True, kw_only=True)
class Selectors:
    """Selectors (s) with their bits (s, N / 64), and those that hold of the same rows as each."""

    named: list[Selector]
    bits: Words
    alike: list[tuple[Selector, ...]]


def selectors_of(frame: pl.DataFrame, templates: Mapping[str, Template], support: int) -> Selectors:
    """Return the selectors of rows that hold of at least `support` of them, and not of nearly all."""
    groups: dict[bytes, list[Selector]] = {}
    for selector, flags in _all(frame, templates, support):
        packed = pack(flags)
        if support <= int(count(packed)) <= frame.height - support:
            groups.setdefault(packed.tobytes(), []).append(selector)
    order = {name: place for place, name in enumerate(_FIRST_NAMED)}
    named, alike = [], []
    for group in groups.values():
        first, *rest = sorted(group, key=lambda one: order.get(one.feature.partition(":")[0], len(order)))
        named.append(first)
        alike.append(tuple(rest))
    bits = np.stack([np.frombuffer(key, np.uint64) for key in groups]) if groups else np.zeros((0, 1), np.uint64)
    return Selectors(named=named, bits=bits, alike=alike)


def _all(frame: pl.DataFrame, templates: Mapping[str, Template], support: int) -> Iterator[tuple[Selector, Flags]]:
    for feature, (value, words) in VALUES.items():
        for told, flags in _codes(frame.select(value).to_series(), support):
            yield Selector(feature=feature, value=told, words=words(told)), flags
    yield from _segments(frame["prompt"], templates)
    yield from _tools(frame["tools"], support)
    yield from _vars(frame, support)
    for feature, (number, words) in NUMBERS.items():
        for ends, flags in _ranges(frame.select(number).to_series()):
            yield Selector(feature=feature, value=ends, words=words(ends)), flags
    yield from _grams(frame["user_text"], support)


def _codes(column: pl.Series, support: int) -> Iterator[tuple[str, Flags]]:
    """Yield the values of a column that are frequent enough, at most some of them, with the rows that have each."""
    many = column.value_counts(sort=True).filter(pl.col("count") >= support).head(_VALUES)
    for value in many[column.name].to_list():
        if value not in (None, ""):
            yield str(value), (column == value).fill_null(False).to_numpy()


def _segments(prompt: pl.Series, templates: Mapping[str, Template]) -> Iterator[tuple[Selector, Flags]]:
    held: dict[str, list[str]] = {}
    text: dict[str, str] = {}
    for key, template in templates.items():
        for one in template.segments:
            held.setdefault(one.hash, []).append(key)
            text[one.hash] = one.text
    for segment, keys in held.items():
        words = f"the instruction “{text[segment]:.120}”"
        yield Selector(feature="segment", value=segment, words=words), prompt.is_in(keys).to_numpy()


def _tools(tools: pl.Series, support: int) -> Iterator[tuple[Selector, Flags]]:
    table = pl.DataFrame({"row": np.arange(len(tools)), "tool": tools}).explode("tool").drop_nulls().unique()
    for (tool,), rows in table.partition_by("tool", as_dict=True).items():
        if rows.height >= support:
            yield (
                Selector(feature="tool", value=str(tool), words=f"the tool {tool} was used"),
                _flags(rows["row"], len(tools)),
            )


def _vars(frame: pl.DataFrame, support: int) -> Iterator[tuple[Selector, Flags]]:
    filled = frame["vars"].filter(frame["vars"] != "").unique().head(_SAMPLE)
    for name in sorted({name for text in filled.to_list() for name in json.loads(text)}):
        for value, flags in _codes(frame.select(variable(name)).to_series(), support):
            yield Selector(feature=f"var:{name}", value=value, words=f"the variable {name} is {value!r}"), flags


def _ranges(numbers: pl.Series) -> Iterator[tuple[str, Flags]]:
    """Yield the quarters of a number, cut where values differ."""
    values = numbers.cast(pl.Float64).fill_null(np.nan).to_numpy()
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    cuts = np.unique(np.quantile(finite, np.linspace(0, 1, _BINS + 1)[1:-1], method="higher"))
    for low, high in zip([-np.inf, *cuts], [*cuts, np.inf], strict=True):
        ends = f"[{'' if np.isinf(low) else f'{low:g}'}, {'' if np.isinf(high) else f'{high:g}'})"
        yield ends, (values >= low) & (values < high)


def _grams(texts: pl.Series, support: int) -> Iterator[tuple[Selector, Flags]]:
    """Yield the most frequent words and pairs of words of the requests."""
    told = pl.DataFrame({"row": np.arange(len(texts)), "word": texts.str.slice(0, _TEXT).str.to_lowercase()})
    told = told.with_columns(pl.col("word").str.extract_all(WORD)).explode("word").drop_nulls()
    same = pl.col("row") == pl.col("row").shift(-1)
    told = told.with_columns(pair=pl.when(same).then(pl.concat_str("word", pl.col("word").shift(-1), separator=" ")))
    for column, most in (("word", _GRAMS * 2 // 3), ("pair", _GRAMS // 3)):
        head = told.filter(pl.col("row") < _SAMPLE)
        frequent = (
            head.group_by(column)
            .agg(pl.col("row").n_unique().alias("n"))
            .drop_nulls()
            .sort("n", column, descending=True)
        )
        chosen = frequent.filter(pl.col("n") < 0.9 * min(_SAMPLE, len(texts)))[column].head(most)
        held = told.filter(pl.col(column).is_in(chosen.to_list())).select("row", column).unique()
        for (gram,), rows in held.partition_by(column, as_dict=True).items():
            if rows.height >= support:
                words = f"the request has the word{'s' * (column == 'pair')} “{gram}”"
                yield Selector(feature="words", value=str(gram), words=words), _flags(rows["row"], len(texts))


def _flags(rows: pl.Series, n: int) -> Flags:
    flags = np.zeros(n, np.bool_)
    flags[rows.to_numpy()] = True
    return flags
