"""What chance alone would give: labels shuffled in whole sessions, and the best score of the whole space each time.

The rows of a session are alike, so that single rows must not change places: the labels of sessions are laid out in
another order of sessions, each session's own in their order. Westfall and Young 1993: the share of shuffles whose best
score reaches a rule's is its p-value over the whole space that was searched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drillyard.incidents.search.bits import Words, products, taken
from drillyard.incidents.search.quality import Measure, quality
from drillyard.incidents.search.subgroups import penalty

_FIRST = 64

__all__ = ["Shuffler", "best_by_chance", "counts_by_chance"]


class Shuffler:
    """Draws shuffles of bad rows. Rows must be in the order of sessions.

    Args:
        sessions: (N,) numbers of sessions, rising.
        bad: (N,) flags.
        seed: of the shuffles.
    """

    def __init__(self, sessions: NDArray[np.int64], bad: NDArray[np.bool_], seed: int) -> None:
        _, self._starts, self._lengths = np.unique(sessions, return_index=True, return_counts=True)
        self._places = np.flatnonzero(bad)
        self._of = np.searchsorted(self._starts, self._places, side="right") - 1
        self._within = self._places - self._starts[self._of]
        self._rng = np.random.default_rng(seed)

    def draw(self) -> NDArray[np.int64]:
        """Return the places of the bad rows after one shuffle."""
        order = self._rng.permutation(len(self._lengths))
        starts = np.empty(len(order), np.int64)
        starts[order] = np.concatenate([[0], np.cumsum(self._lengths[order])[:-1]])
        shuffled: NDArray[np.int64] = starts[self._of] + self._within
        return shuffled


def best_by_chance(
    selected: Words, rows: int, shuffler: Shuffler, n: int, *, support: int = 1, measure: Measure = "evidence"
) -> NDArray[np.float64]:
    """Return (n,) best scores over every rule of one or two selectors, each of one shuffle of the labels."""
    positives = len(shuffler.draw())
    cost = penalty(measure, len(selected), rows)
    at, other = np.triu_indices(len(selected))
    counts = products(selected, rows)[at, other]
    keep = counts >= support
    at, other = at[keep], other[keep]
    held = counts[keep].astype(np.float64)
    costs = np.where(at == other, cost, 2 * cost)
    table = _Table(measure, positives, rows, held, costs)
    best = np.empty(n)
    for k in range(n):
        flags = taken(selected, np.sort(shuffler.draw())).astype(np.float32)
        bad = (flags @ flags.T)[at, other]
        best[k] = table.best(bad) if len(held) else 0.0
    return best


def counts_by_chance(under: NDArray[np.bool_], shuffler: Shuffler, n: int) -> NDArray[np.int64]:
    """Return (n, rules) counts of bad rows under rules, `under` (rules, N), in shuffles of the labels."""
    return np.stack([under[:, shuffler.draw()].sum(axis=1) for _ in range(n)])


class _Table:
    """The measure with everything that no shuffle changes worked out before.

    With d bad rows more than expected (e), the log-likelihood ratio is at most d²/2 · (1/e + 1/(n − k) + 1/(P − k) +
    1/(N − P − n + e)), since (1 + x) log(1 + x) − x is at most x²/2 above 0 and x²/2/(1 + x) below. So only rules whose
    bound beats the best of those with the highest ones are worked out exactly.
    """

    def __init__(
        self, measure: Measure, positives: int, total: int, rows: NDArray[np.float64], costs: NDArray[np.float64]
    ) -> None:
        self._measure, self._positives, self._total, self._rows, self._costs = measure, positives, total, rows, costs
        self._expected = rows * (positives / total)
        self._fixed = 0.5 / self._expected + 0.5 / np.maximum(total - positives - rows + self._expected, 1e-9)

    def best(self, bad: NDArray[np.float32]) -> float:
        """Return the best score, without the exact measure of rules that cannot have it."""
        if self._measure == "wracc":
            return float(((bad - self._expected) / self._total).max())
        n, positives = self._rows, self._positives
        above = np.maximum(bad - self._expected, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = above * above * (self._fixed + 0.5 / (n - bad) + 0.5 / (positives - bad)) - self._costs
        bound[np.isnan(bound)] = np.inf
        first = np.argpartition(-bound, min(_FIRST, len(bound) - 1))[:_FIRST]
        floor = float((self._exact(bad, first) - self._costs[first]).max())
        rest = np.flatnonzero(bound > floor)
        return max(floor, float((self._exact(bad, rest) - self._costs[rest]).max())) if len(rest) else floor

    def _exact(self, bad: NDArray[np.float32], some: NDArray[np.int64]) -> NDArray[np.float64]:
        return quality(self._measure, bad[some], self._rows[some], self._positives, self._total)
