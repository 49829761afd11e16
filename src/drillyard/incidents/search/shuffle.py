"""What chance alone would give: labels shuffled in whole sessions, and the best score of the whole space each time.

The rows of a session are alike, so that single rows must not change places: the labels of sessions are laid out in
another order of sessions, each session's own in their order. Westfall and Young 1993: the share of shuffles whose best
score reaches a rule's is its p-value over the whole space that was searched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drillyard.incidents.search.bits import Words, overlaps
from drillyard.incidents.search.subgroups import Measure, penalty, quality

_ROUNDED = 1e-3
"""What bounds in single precision may lack; they are worked out in it for twice the speed."""

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
    cost = penalty(measure, len(selected), rows)
    counts = overlaps(selected)
    pairs = np.flatnonzero(np.triu(counts >= support))
    if not len(pairs):
        return np.zeros(n)
    costs = np.where(pairs % (len(selected) + 1), 2 * cost, cost).astype(np.float32)  # one selector on the diagonal
    table = _Table(measure, len(shuffler.draw()), rows, counts.take(pairs).astype(np.float32), costs)
    flags = np.unpackbits(selected.view(np.uint8), axis=1, bitorder="little").T.astype(np.float32, order="C")
    best = np.empty(n)
    for k in range(n):
        bad = flags[shuffler.draw()]
        best[k] = table.best((bad.T @ bad).take(pairs))
    return best


def counts_by_chance(under: NDArray[np.bool_], shuffler: Shuffler, n: int) -> NDArray[np.int64]:
    """Return (n, rules) counts of bad rows under rules, `under` (rules, N), in shuffles of the labels."""
    return np.stack([under[:, shuffler.draw()].sum(axis=1) for _ in range(n)])


class _Table:
    """The measure with everything that no shuffle changes worked out before.

    With d bad rows more than expected (e), the log-likelihood ratio is at most d²/2 · (1/e + 1/(n − k) + 1/(P − k) +
    1/(N − P − n + e)), since (1 + x) log(1 + x) − x is at most x²/2 above 0 and x²/2/(1 + x) below. So only rules whose
    bound beats the rule with the highest one are worked out exactly.
    """

    def __init__(
        self, measure: Measure, positives: int, total: int, rows: NDArray[np.float32], costs: NDArray[np.float32]
    ) -> None:
        self._measure, self._positives, self._total, self._rows, self._costs = measure, positives, total, rows, costs
        self._expected = rows * np.float32(positives / total)
        self._fixed = 0.5 / self._expected + 0.5 / np.maximum(total - positives - rows + self._expected, 1e-9)

    def best(self, bad: NDArray[np.float32]) -> float:
        """Return the best score, without the exact measure of rules that cannot have it."""
        above = bad - self._expected
        if self._measure == "wracc":
            return float((above / self._total).max())
        np.maximum(above, 0, out=above)
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = above * above * (self._fixed + 0.5 / (self._rows - bad) + 0.5 / (self._positives - bad))
        bound -= self._costs
        bound[np.isnan(bound)] = np.inf
        floor = self._exact(bad, bound.argmax(keepdims=True)).max()
        return float(max(floor, self._exact(bad, np.flatnonzero(bound > floor - _ROUNDED)).max(initial=floor)))

    def _exact(self, bad: NDArray[np.float32], some: NDArray[np.int64]) -> NDArray[np.float64]:
        return quality(self._measure, bad[some], self._rows[some], self._positives, self._total) - self._costs[some]
