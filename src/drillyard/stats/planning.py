"""How many more observations are needed: the number behind "not enough evidence, n more needed"."""

from __future__ import annotations

import math

from drillyard.errors import bad_input
from drillyard.stats.binomial import clopper_pearson, exact_limits, upper_bound

__all__ = ["clean_samples_needed", "samples_needed"]


def samples_needed(k: int, n: int, half_width: float, confidence: float = 0.95) -> int:
    """Return how many observations to add until the Clopper–Pearson interval is at most ± `half_width` wide.

    Assumes that the share stays what it is (k / n, or one half when n = 0), so it is a plan, not a promise.

    Raises:
        BadInput: impossible counts, or a half-width outside 0 … 0.5.
    """
    now = clopper_pearson(k, n, confidence)
    if not 0 < half_width <= 0.5:
        raise bad_input(f"half-width {half_width!r}", "a number above 0, at most 0.5")

    def narrow(total: int) -> bool:
        low, high = exact_limits(now.value * total, total, confidence)
        return high - low <= 2 * half_width

    wide, enough = n, max(n, 1)
    while not narrow(enough):
        wide, enough = enough, 2 * enough
    while enough - wide > 1:
        middle = (wide + enough) // 2
        wide, enough = (wide, middle) if narrow(middle) else (middle, enough)
    return enough - n


def clean_samples_needed(n: int, bound: float, confidence: float = 0.95) -> int:
    """Return how many observations without any event to add to n such ones until the upper bound is `bound`.

    The closed form is log(1 − confidence) / log(1 − bound): 59 in all for a bound of 5 % at 95 %.
    """
    reached = upper_bound(0, n, confidence)
    if not 0 < bound < 1:
        raise bad_input(f"bound {bound!r}", "a number between 0 and 1")
    if reached.high <= bound:
        return 0
    return math.ceil(math.log1p(-confidence) / math.log1p(-bound)) - n
