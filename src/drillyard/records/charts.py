"""Charts in SVG units: axes, intervals as marks, lines, and numbers as people read them. Every room uses them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drillyard.records.estimate import Estimate

__all__ = ["WIDTH", "LinearAxis", "LogAxis", "Mark", "ends", "mark", "number", "path", "span"]

# With its margin the drawing is 640 wide, so text of 12 units is above 11 px at a width of 600 px.
WIDTH, LABELS = 580, 240


@dataclass(frozen=True, kw_only=True)
class LogAxis:
    """A log axis from `low` to `high` (both above zero) between two positions."""

    low: float
    high: float
    left: float = LABELS
    right: float = WIDTH

    def at(self, value: float) -> float:
        """Return the position of a value; what lies outside is put at the end."""
        inside = min(max(value, self.low), self.high)
        part = math.log(inside / self.low) / math.log(self.high / self.low)
        return self.left + part * (self.right - self.left)

    def ticks(self) -> list[tuple[float, str]]:
        """Return position and label of at most seven powers of ten."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        step = max(1, math.ceil((last - first + 1) / 7))
        return [(self.at(10.0**power), number(10.0**power)) for power in range(first, last + 1, step)]


@dataclass(frozen=True, kw_only=True)
class LinearAxis:
    """A linear axis from `low` to `high` between two positions; upright when `left` is its foot and `right` its top."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Return the position of a value; what lies outside is put at the end."""
        inside = min(max(value, self.low), self.high)
        return self.left + (inside - self.low) / (self.high - self.low) * (self.right - self.left)

    def ticks(self, most: int = 6) -> list[float]:
        """Return at most so many round values, zero among them where the axis holds it."""
        whole = self.high - self.low
        power = 10.0 ** math.floor(math.log10(whole / most))
        step = next(unit * power for unit in (1, 2, 5, 10, 20) if whole / (unit * power) <= most - 1)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(step * i, 12) for i in range(first, last + 1)]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """An estimate as drawn: a point with its interval, or, at zero, a bound: an arrow that ends at `high`."""

    low: float
    value: float
    high: float
    bound: bool


def span(estimates: Sequence[Estimate], left: float = LABELS, right: float = WIDTH) -> LogAxis:
    """Return an axis of whole powers of ten that holds all estimates; at most eight orders, the largest kept."""
    tops = [one.high for one in estimates if one.high > 0] or [1.0]
    bottoms = [x for one in estimates for x in (one.low, one.value, one.high) if x > 0] or [0.1]
    high = math.ceil(math.log10(max(tops)) - 1e-9)
    low = max(min(math.floor(math.log10(min(bottoms))), high - 1), high - 8)
    return LogAxis(low=10.0**low, high=10.0**high, left=left, right=right)


def mark(axis: LogAxis, estimate: Estimate) -> Mark:
    """Place an estimate on an axis."""
    low, value, high = (axis.at(x) for x in (estimate.low, estimate.value, estimate.high))
    return Mark(low=low, value=value, high=high, bound=estimate.value <= 0)


def number(value: float) -> str:
    """Return a number as people read it: 12,000 · 3.4 · 0.02 · 4e-06; what is almost 1 is not called 1."""
    if 0.995 <= value < 1:
        return ">0.99"
    return f"{value:.2g}" if value < 99.5 else f"{value:,.0f}"


def ends(estimate: Estimate) -> tuple[str, str]:
    """Return an estimate in two parts, value and interval; at zero, the bound and nothing; a share may be unknown."""
    if estimate.unknown:
        return "unknown", ""
    if estimate.value <= 0:
        return f"at most {number(estimate.high)}", ""
    return number(estimate.value), f"{number(estimate.low)} to {number(estimate.high)}"


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return a line through points as an SVG path; one point draws nothing."""
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
