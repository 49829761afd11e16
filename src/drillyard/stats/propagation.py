"""Numbers made of estimates: products of independent ones, and how far a rank can move within the intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drillyard.records import Estimate

__all__ = ["product", "rank_ranges"]


def product(*factors: Estimate, scale: float = 1.0) -> Estimate:
    """Return the product of independent estimates of at least zero, times a scale; its ends are those of the factors.

    Wider than need be: on a log scale the doubts add up, as if all erred the same way. MOVER (Donner and Zou 2012) is
    shorter and undefined at zero hits, which is where rates of rare failures lie. `n` is the smallest n that is a
    measurement (above 0).
    """
    value, low, high = (scale * math.prod(getattr(f, end) for f in factors) for end in ("value", "low", "high"))
    counts = [f.n for f in factors if f.n] or [0]
    return Estimate(value=value, low=low, high=high, n=min(counts), method=f"product of {len(factors)} intervals")


def rank_ranges(values: Sequence[Estimate]) -> list[tuple[int, int, int]]:
    """Return per estimate its best possible rank, its rank by value, and its worst possible rank; 1 is the largest.

    Best: only estimates whose whole interval lies above are ahead. Worst: all that may lie above are ahead. Equal
    values share a rank. Source: Goldstein and Spiegelhalter 1996, on league tables.
    """
    return [
        (
            1 + sum(other.low > one.high for other in values),
            1 + sum(other.value > one.value for other in values),
            1 + sum(other.high > one.low for other in values if other is not one),
        )
        for one in values
    ]
