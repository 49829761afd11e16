"""The mean of numbers that lie between two known ends, without any assumption on how they are spread.

Source: Anderson 1969 (Confidence limits for the expected value of an arbitrary bounded random variable), with the
constant of Massart 1990 for the band around the empirical distribution. Never wider than Hoeffding's interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["bounded_mean"]


def bounded_mean(
    values: Sequence[float], low: float, high: float, *, unknown: int = 0, confidence: float = 0.95
) -> Estimate:
    """Return the mean of independent values in `low … high` with a two-sided interval.

    `unknown` further values exist that nobody knows: they count as `low` in value and low end, as `high` in the high
    end.

    Raises:
        BadInput: a value outside the ends, ends in the wrong order, or a confidence outside 0.5 … 1.
    """
    if not low <= high or not 0.5 <= confidence < 1:
        raise bad_input(f"ends {low:g} … {high:g} and confidence {confidence:g}", "low ≤ high and 0.5 ≤ confidence < 1")
    if outside := [value for value in values if not low <= value <= high]:
        raise bad_input(f"the value {outside[0]:g}", f"one from {low:g} to {high:g}")
    n, method = len(values) + unknown, f"anderson {100 * confidence:g}%"
    if not n:
        return Estimate(value=(low + high) / 2, low=low, high=high, n=0, method=method)
    least, most = sorted([*values, *[low] * unknown]), sorted([*values, *[high] * unknown])
    room = math.sqrt(math.log(2 / (1 - confidence)) / (2 * n))
    return Estimate(
        value=min(max(math.fsum(least) / n, low), high),
        low=_moved(least, low, room),
        high=high - _moved([low + high - value for value in reversed(most)], low, room) + low,
        n=n,
        method=f"{method}, {unknown} unknown" if unknown else method,
    )


def _moved(ordered: Sequence[float], low: float, room: float) -> float:
    """Return the mean after a share `room` of the values, the largest ones, is moved to the low end."""
    n, left = len(ordered), min(1.0, room)
    parts = [left * low]
    for value in reversed(ordered):
        taken = min(left, 1 / n)
        left -= taken
        parts.append((1 / n - taken) * value)
    return min(max(math.fsum(parts), low), math.fsum(ordered) / n)
