"""Influence: the probability of the event, given what the oracle reported and who read it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drillyard.errors import BadInput, bad_input

__all__ = ["Influence", "adoption", "clipped", "influence", "linear", "logistic", "mix", "read_table", "table"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Influence:
    """How reports move outcomes, for one question or many at once.

    `function` takes reports of shape (1, m) or (size, m) and returns probabilities of shape (size, m). `unread` has
    shape (size, 1): the probability when nobody reads the answer. `lines` holds a and b when f is a + b p.
    """

    name: str
    function: Callable[[Array], Array]
    unread: Array
    lines: tuple[Array, Array] | None = None

    @property
    def size(self) -> int:
        """The number of questions."""
        return len(self.unread)

    def __call__(self, report: ArrayLike) -> Array:
        """Return the probabilities, shape (size, m), for reports of shape (m,), (1, m) or (size, m)."""
        p = np.atleast_2d(np.asarray(report, dtype=float))
        return np.broadcast_to(np.asarray(self.function(p), dtype=float), (self.size, p.shape[1]))


def influence(
    name: str, function: Callable[[Array], Array], unread: ArrayLike | None = None, size: int = 1
) -> Influence:
    """Return an influence from any function of reports; `unread` is by default the outcome of the report 1/2.

    Raises:
        BadInput: a value of the function or of `unread` that is no probability.
    """
    grid = np.linspace(0, 1, 101)[None, :]
    values = np.broadcast_to(np.asarray(function(grid), dtype=float), (size, 101))
    nobody = values[:, 50:51] if unread is None else np.broadcast_to(_column(unread), (size, 1))
    for values_of in (values, nobody):
        if not (np.isfinite(values_of).all() and values_of.min() >= -1e-12 and values_of.max() <= 1 + 1e-12):
            worst = values_of.flat[int(np.argmax(np.abs(values_of - 0.5)))]
            raise bad_input(f"the probability {worst:g} in {name}", "values from 0 to 1", "use a clipped influence")
    return Influence(name=name, function=function, unread=np.array(nobody))


def linear(a: ArrayLike, b: ArrayLike, unread: ArrayLike | None = None) -> Influence:
    """Return f(p) = a + b p, one question per entry of `a` and `b`.

    Raises:
        BadInput: some report would have a probability outside 0 … 1.
    """
    base, slope = np.broadcast_arrays(_column(a), _column(b))
    made = influence("linear", lambda p: base + slope * p, unread, size=len(base))
    return Influence(name="linear", function=made.function, unread=made.unread, lines=(base, slope))


def clipped(a: ArrayLike, b: ArrayLike, unread: ArrayLike | None = None) -> Influence:
    """Return f(p) = a + b p cut to 0 … 1: readers who overshoot."""
    base, slope = np.broadcast_arrays(_column(a), _column(b))
    return influence("clipped", lambda p: np.clip(base + slope * p, 0, 1), unread, size=len(base))


def logistic(level: ArrayLike, steepness: ArrayLike, unread: ArrayLike | None = None) -> Influence:
    """Return f(p) = 1 / (1 + exp(−level − steepness (p − 1/2))): a crowd that tips."""
    base, slope = np.broadcast_arrays(_column(level), _column(steepness))
    return influence("logistic", lambda p: 1 / (1 + np.exp(-base - slope * (p - 0.5))), unread, size=len(base))


def table(reports: Sequence[float], outcomes: Sequence[float], unread: float | None = None) -> Influence:
    """Return the piecewise linear influence through measured points; flat outside the first and last.

    Raises:
        BadInput: fewer than two points, reports that do not rise, or values outside 0 … 1.
    """
    p, f = np.asarray(reports, dtype=float), np.asarray(outcomes, dtype=float)
    if len(p) < 2 or p.shape != f.shape or not (np.diff(p) > 0).all() or p.min() < 0 or p.max() > 1:
        raise bad_input(
            f"{len(p)} reports and {len(f)} outcomes", "two or more rising reports from 0 to 1, one outcome each"
        )
    return influence("table", lambda x: np.interp(x, p, f), unread)


def read_table(path: Path, unread: float | None = None) -> Influence:
    """Return the influence of a CSV file with the columns `report` and `outcome`.

    Raises:
        BadInput: no such file, another head, or a cell that is no number.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        pairs = sorted((float(row["report"]), float(row["outcome"])) for row in rows)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"found {error} in {path}, expected a CSV file with the columns report,outcome") from None
    return table([p for p, _ in pairs], [f for _, f in pairs], unread)


def mix(parts: Sequence[Influence], weights: Sequence[float]) -> Influence:
    """Return the influence of several groups of readers, weighted by how many of them there are.

    Raises:
        BadInput: weights that are negative or do not sum to 1, or parts of different sizes.
    """
    share = np.asarray(weights, dtype=float)
    if len(share) != len(parts) or share.min() < 0 or abs(share.sum() - 1) > 1e-9:
        raise bad_input(f"the weights {list(weights)}", f"{len(parts)} weights of 0 or more that sum to 1")
    if len({part.size for part in parts}) != 1:
        raise bad_input(f"sizes {[part.size for part in parts]}", "parts with the same number of questions")

    def function(p: Array) -> Array:
        return np.asarray(sum(w * part(p) for w, part in zip(share, parts, strict=True)), dtype=float)

    unread = sum(w * part.unread for w, part in zip(share, parts, strict=True))
    return influence("mixed", function, unread, size=parts[0].size)


def adoption(read: Influence, share: float) -> Influence:
    """Return the influence when only a share of readers gets the answer: (1 − share) f_none + share f.

    The same mixture holds for an answer that leaks with probability `share` although it is erased.
    """
    if not 0 <= share <= 1:
        raise bad_input(f"the share {share:g}", "one from 0 to 1")
    keep = (1 - share) * read.unread
    lines = None if read.lines is None else (keep + share * read.lines[0], share * read.lines[1])
    return Influence(
        name=f"{read.name} at {share:g}", function=lambda p: keep + share * read(p), unread=read.unread, lines=lines
    )


def _column(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=float).reshape(-1, 1)
