"""The search: every rule of one or two selectors, exactly; then best-first to four, by optimistic estimates.

Both measures of a rule are convex in the counts, rise with the bad rows and fall with the others, so that a rule's
refinements are at most as good as one that keeps all its bad rows and nothing else (the optimistic estimate; Wrobel
1997, Grosskreutz et al. 2008).
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from drillyard.incidents.search.bits import Bits, count, overlaps

__all__ = ["Found", "Measure", "Searched", "evidence", "optimistic", "penalty", "quality", "search"]

Measure = Literal["evidence", "wracc"]
"""`wracc`: (n / N)(p − p0), what subgroup discovery calls weighted relative accuracy. `evidence`: the log-likelihood
ratio of two rates, one under the rule and one elsewhere, against one rate for all; 0 where the rule's is lower. It is
what identifies a cause best where there is one, and the default."""


def quality(measure: Measure, bad: ArrayLike, rows: ArrayLike, positives: int, total: int) -> NDArray[np.float64]:
    """Return the quality of rules with `bad` of `rows`, where there are `positives` of `total` in all."""
    k, n = np.asarray(bad, np.float64), np.asarray(rows, np.float64)
    p0 = positives / total
    if measure == "wracc":
        return (k - n * p0) / total
    return np.where(k * total > n * positives, np.maximum(evidence(k, n, positives, total), 0.0), 0.0)


def optimistic(measure: Measure, bad: ArrayLike, positives: int, total: int) -> NDArray[np.float64]:
    """Return the most that a refinement of rules with so many bad rows could reach."""
    return quality(measure, bad, bad, positives, total)


def evidence(k: Any, n: Any, all_k: float, all_n: float) -> NDArray[np.float64]:
    """Return the log-likelihood ratio of two rates, k in n and that of the others, against one of all."""

    def fit(k: Any, n: Any) -> Any:
        return special.xlogy(k, k) + special.xlogy(n - k, n - k) - special.xlogy(n, n)

    return np.asarray(fit(k, n) + fit(all_k - k, all_n - n) - fit(all_k, all_n), np.float64)


EXPANSIONS = 400
"""Rules of two or more selectors that are refined at most. One costs a pass over the bad rows; where the bound runs out
of better rules earlier, the search to four is exact too, and `Searched.exact_to` says so."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A rule by the numbers of its selectors, with its counts; `score` is its quality less what its length costs."""

    rule: tuple[int, ...]
    bad: int
    rows: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The best rules, best first; how many were counted, and to which depth nothing better was missed."""

    best: list[Found]
    counted: int
    exact_to: int


def penalty(measure: Measure, selectors: int, rows: int) -> float:
    """Return what each selector of a rule must be worth to be in it: the extended BIC of Chen and Chen 2008.

    Of many selectors one always fits the noise a little; WRAcc is compared as peers do, without.
    """
    return 0.0 if measure == "wracc" else 0.5 * math.log(max(rows, 2)) + math.log(max(selectors, 1))


def search(
    bits: Bits,
    *,
    best: int = 10,
    depth: int = 4,
    support: int = 1,
    measure: Measure = "evidence",
    expansions: int = EXPANSIONS,
) -> Searched:
    """Find the best rules.

    Args:
        bits: selectors and labels.
        best: how many rules to return.
        depth: most selectors of a rule, 1 to 4.
        support: fewest rows of a rule.
        measure: what is maximised, see `Measure`.
        expansions: refinements at most beyond two selectors.
    """
    cost = penalty(measure, len(bits.all), bits.rows)
    heap = _Best(best)
    positives, total = bits.positives, bits.rows
    if not positives or positives == total:
        return Searched(best=[], counted=0, exact_to=depth)
    pairs_bad, pairs_rows = overlaps(bits.bad), overlaps(bits.all)
    single_bad, single_rows = np.diagonal(pairs_bad), np.diagonal(pairs_rows)
    scores = quality(measure, single_bad, single_rows, positives, total) - cost
    for i in np.argsort(-scores)[: 4 * best]:
        if single_rows[i] >= support:
            heap.add(Found(rule=(int(i),), bad=int(single_bad[i]), rows=int(single_rows[i]), score=float(scores[i])))
    counted = len(bits.all)
    if depth < 2:
        return Searched(best=heap.sorted(), counted=counted, exact_to=1)
    at, other = np.triu_indices(len(bits.all), 1)
    bad = pairs_bad[at, other]
    rows = pairs_rows[at, other]
    scored = np.where(rows >= support, quality(measure, bad, rows, positives, total) - 2 * cost, -np.inf)
    for j in np.argsort(-scored, kind="stable")[: 4 * best]:
        if rows[j] >= support:
            heap.add(
                Found(rule=(int(at[j]), int(other[j])), bad=int(bad[j]), rows=int(rows[j]), score=float(scored[j]))
            )
    counted += len(at)
    if depth < 3:
        return Searched(best=heap.sorted(), counted=counted, exact_to=2)
    deeper, exact = _refine(bits, heap, (at, other, bad), depth, support, measure, cost, expansions)
    return Searched(best=heap.sorted(), counted=counted + deeper, exact_to=depth if exact else 2)


def _refine(
    bits: Bits,
    heap: _Best,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    depth: int,
    support: int,
    measure: Measure,
    cost: float,
    expansions: int,
) -> tuple[int, bool]:
    """Refine pairs best-first by what they could become; return how many rules were counted, and whether all were."""
    at, other, bad = pairs
    positives, total = bits.positives, bits.rows
    bound = optimistic(measure, bad, positives, total) - 3 * cost
    hopeful = np.flatnonzero(bound > heap.floor)
    hopeful = hopeful[np.argsort(-bound[hopeful], kind="stable")]
    exact = len(hopeful) <= expansions
    queue: list[tuple[float, tuple[int, ...]]] = [
        (-float(bound[i]), (int(at[i]), int(other[i]))) for i in hopeful[:expansions]
    ]
    heapq.heapify(queue)
    counted, seen = 0, {rule for _, rule in queue}
    for _ in range(expansions):
        if not queue:
            return counted, exact
        hope, rule = heapq.heappop(queue)
        if -hope <= heap.floor:
            return counted, exact
        kept = count(bits.bad & bits.bad_of(rule))
        length = len(rule) + 1
        hopes = optimistic(measure, kept, positives, total) - length * cost
        hopes[list(rule)] = -math.inf
        worth = np.flatnonzero(hopes > heap.floor)
        counted += len(bits.all)
        if not len(worth):
            continue
        rows = count(bits.all[worth] & bits.rows_of(rule))
        scored = quality(measure, kept[worth], rows, positives, total) - length * cost
        for j, i in enumerate(worth):
            refined = tuple(sorted((*rule, int(i))))
            if refined in seen or rows[j] < support:
                continue
            seen.add(refined)
            heap.add(Found(rule=refined, bad=int(kept[i]), rows=int(rows[j]), score=float(scored[j])))
            if length < depth:
                heapq.heappush(queue, (-float(hopes[i] - cost), refined))
    return counted, exact and (not queue or -queue[0][0] <= heap.floor)


class _Best:
    """The best rules so far; `floor` is what a rule must beat."""

    def __init__(self, size: int) -> None:
        self._size, self._kept = size, list[tuple[float, tuple[int, ...], Found]]()

    @property
    def floor(self) -> float:
        return self._kept[0][0] if len(self._kept) == self._size else -math.inf

    def add(self, found: Found) -> None:
        entry = (found.score, tuple(-i for i in found.rule), found)  # of two alike the first selectors
        if len(self._kept) < self._size:
            heapq.heappush(self._kept, entry)
        elif entry > self._kept[0]:
            heapq.heapreplace(self._kept, entry)

    def sorted(self) -> list[Found]:
        return [found for *_, found in sorted(self._kept, reverse=True)]
