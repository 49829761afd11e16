"""Responses: scores of persons on items, checked once, with what was not asked left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input

__all__ = ["MOST_STEPS", "Responses", "from_rows"]

Floats = NDArray[np.float64]

MOST_STEPS = 20
"""Most points that one item may give: a step needs answers of its own to be measured."""


@dataclass(frozen=True, kw_only=True)
class Responses:
    """Scores as a matrix of persons × items: whole numbers from 0 to an item's `steps`, NaN where nothing was asked."""

    items: tuple[str, ...]
    scores: Floats
    steps: NDArray[np.int64]

    @property
    def persons(self) -> int:
        """How many persons there are, those without any answer included."""
        return len(self.scores)

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Where there is an answer."""
        return ~np.isnan(self.scores)

    def shares(self) -> Floats:
        """Return scores as shares of what an item can give, NaN where nothing was asked."""
        return self.scores / self.steps

    def take(self, columns: Sequence[int]) -> Responses:
        """Return the same persons on some items."""
        kept = list(columns)
        return Responses(items=tuple(self.items[i] for i in kept), scores=self.scores[:, kept], steps=self.steps[kept])


def from_rows(
    scores: Sequence[Sequence[float]] | Floats, items: Sequence[str] = (), steps: Sequence[int] | None = None
) -> Responses:
    """Check a matrix of persons × items.

    Args:
        scores: whole numbers from 0; NaN where nothing was asked.
        items: a name per column; numbers from 1 where there are none.
        steps: most points per item; by default the most that anybody has, 1 at least.

    Raises:
        BadInput: rows of unequal length, a name twice, a score that is no whole number within its item's points.
    """
    try:
        table = np.array(scores, dtype=np.float64)
    except (TypeError, ValueError):
        raise bad_input("scores that are no table of numbers", "as many scores in each row, NaN for none") from None
    names = tuple(items) or tuple(f"item {i + 1}" for i in range(table.shape[1] if table.ndim == 2 else 0))
    table = table.reshape(0, len(names)) if table.size == 0 and table.ndim < 2 else table
    if table.ndim != 2 or table.shape[1] != len(names):
        raise bad_input(f"scores of shape {table.shape}", f"persons × {len(names)} items")
    _require_unique(names)
    answered = ~np.isnan(table)
    given = table[answered]
    if wrong := given[(given < 0) | (given != np.floor(given)) | (given > MOST_STEPS)][:1].tolist():
        raise bad_input(
            f"a score of {wrong[0]:g}", f"a whole number from 0 to {MOST_STEPS}, or NaN where none was given"
        )
    reached = np.where(answered, table, 0).max(axis=0, initial=1).astype(np.int64)
    most = reached if steps is None else np.array(steps, dtype=np.int64)
    if most.shape != reached.shape or (most < reached).any() or (most < 1).any() or (most > MOST_STEPS).any():
        raise bad_input(f"most points {most.tolist()!r:.60}", f"at least what was reached, {reached.tolist()!r:.60}")
    return Responses(items=names, scores=table, steps=most)


def _require_unique(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise bad_input(f"the item {name!r} twice", "each item once")
        seen.add(name)
