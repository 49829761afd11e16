"""Comparing two shares: independent groups (with an interval) and the same cases judged twice (with a p-value)."""

from __future__ import annotations

import math

from scipy import special

from drillyard.errors import bad_input
from drillyard.records import Estimate
from drillyard.stats.binomial import wilson

__all__ = ["difference", "mcnemar", "paired_difference"]


def difference(k: int, n: int, other_k: int, other_n: int, confidence: float = 0.95) -> Estimate:
    """Return k / n − other_k / other_n for independent groups, with Newcombe's interval from two Wilson intervals.

    `n` of the result counts both groups; without observations in one of them the interval is −1 … 1.
    Source: Newcombe 1998, method 10.
    """
    one, other = wilson(k, n, confidence), wilson(other_k, other_n, confidence)
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    if not n or not other_n:
        low, high = -1.0, 1.0
    return Estimate(value=value, low=low, high=high, n=n + other_n, method=f"newcombe {100 * confidence:g}%")


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p-value for pairs: is one side ahead more often than a fair coin would make it?

    Only the discordant pairs count: `only_first` had the event the first time alone, `only_second` the second time
    alone. Source: McNemar 1947, exact binomial form.
    """
    if min(only_first, only_second) < 0:
        raise bad_input(f"{only_first!r} and {only_second!r} discordant pairs", "counts of 0 or more")
    fewer, pairs = min(only_first, only_second), only_first + only_second
    return min(1.0, 2 * float(special.bdtr(fewer, pairs, 0.5))) if pairs else 1.0


def paired_difference(both: int, only_first: int, only_second: int, neither: int, confidence: float = 0.95) -> Estimate:
    """Return the share of the first less that of the second, for the same cases judged twice.

    Newcombe's interval for pairs: the one for independent groups, less what the two sides have in common. `n` counts
    pairs; without any the interval is −1 … 1. Source: Newcombe 1998, Statistics in Medicine 17, 2635–2650, method 10.
    """
    n = both + only_first + only_second + neither
    if min(both, only_first, only_second, neither) < 0:
        raise bad_input(f"{(both, only_first, only_second, neither)!r} pairs", "counts of 0 or more")
    method = f"newcombe paired {100 * confidence:g}%"
    if not n:
        return Estimate(value=0.0, low=-1.0, high=1.0, n=0, method=method)
    one, other = wilson(both + only_first, n, confidence), wilson(both + only_second, n, confidence)
    sides = math.sqrt((both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither))
    common = float(both * neither - only_first * only_second)
    common = max(common - n / 2, 0) if common > 0 else common
    alike = common / sides if sides else 0.0
    value = (only_first - only_second) / n

    def reach(near: float, far: float) -> float:
        return math.sqrt(max(near**2 - 2 * alike * near * far + far**2, 0.0))

    low = value - reach(one.value - one.low, other.high - other.value)
    high = value + reach(one.high - one.value, other.value - other.low)
    return Estimate(value=value, low=low, high=high, n=n, method=method)
