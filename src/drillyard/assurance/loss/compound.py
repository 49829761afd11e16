"""The exact distribution of a year's loss: N events, each of a random size.

S = X₁ + … + X_N has the characteristic function P_N(φ_X), with P_N(s) = exp(λ (s − 1)) for a Poisson number and
(1 − v λ (s − 1))^(−1/v) for a negative binomial one, whose rate is λ times a gamma variable of mean 1 and variance v.
One fast Fourier transform of the severities on a grid, one back, and the year is known; Monte Carlo is a check.

Severities are put on the grid in one of two ways: `nearest` rounds each to the nearest point (so that published values
come out), `mean` splits mass between neighbours so that the mean is kept, however coarse the grid is (Gerber 1982;
Klugman, Panjer and Willmot, Loss Models, section 9.6). Mass beyond the grid's end is left out, and what
would wrap around is damped by tilting (Grübel and Hermesmeier 1999), so every probability up to the end is right,
also under a heavy tail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import fft

from drillyard.assurance.loss.severity import Array, Severity
from drillyard.errors import bad_input

__all__ = ["FINE", "LossGrid", "Peril", "Rounding", "compound", "exact", "fit_grid", "panjer", "put_on_grid"]

Rounding = Literal["nearest", "mean"]
FINE = 2**16
"""Points of a grid that is fitted: 2^14 is 2 % off in the far tail when severities are rounded, this less than .5 %."""
_TILT = 12.0
"""Tilting over the whole grid: what wraps around falls by e^12, rounding grows to 2e-11."""
_WRAPS = 1e-11
"""Mass in the last sixty-fourth of a grid from which on the tail is taken to reach beyond its end."""
_REACH = 2e-4
"""What may lie beyond the end of a fitted grid: a tenth of a hundredth of all years would blur a VaR at 99 %."""
_MOST_STEPS = 40


@dataclass(frozen=True, kw_only=True)
class Peril:
    """One source of losses: `rate` events a year, each of a `severity`; `clustering` is v above, 0 for Poisson."""

    rate: float
    severity: Severity
    clustering: float = 0.0

    @property
    def mean(self) -> float:
        """Expected loss a year."""
        return self.rate * self.severity.mean if self.rate else 0.0


@dataclass(frozen=True, kw_only=True)
class LossGrid:
    """A year's loss: `mass[i]` at i · `step`; `mean` is exact, infinite where there is none."""

    step: float
    mass: Array
    mean: float

    @cached_property
    def cumulative(self) -> Array:
        """P(S ≤ i · step)."""
        return np.asarray(np.minimum(np.cumsum(self.mass), 1.0))

    @property
    def end(self) -> float:
        """The last point."""
        return self.step * (self.mass.size - 1)

    @property
    def beyond(self) -> float:
        """P(S > end)."""
        return max(0.0, 1.0 - float(self.mass.sum()))

    def over(self, amount: float) -> float:
        """Return P(S > amount)."""
        if amount < 0:
            return 1.0
        return 1.0 - float(self.cumulative[min(int(math.floor(amount / self.step + 1e-9)), self.mass.size - 1)])

    def var(self, level: float) -> float:
        """Return the smallest point that S stays at or below in a share `level` of years. Raises `BadInput`."""
        place = int(np.searchsorted(self.cumulative, level - 1e-12))
        if place >= self.mass.size:
            raise bad_input(f"a grid that ends at {self.end:,.0f}", f"one that holds {level:.2%} of years", "extend it")
        return self.step * place

    def tvar(self, level: float) -> float:
        """Return the mean of the worst share 1 − `level` of years, the atom at VaR split; infinite without a mean."""
        if not math.isfinite(self.mean):
            return math.inf
        at = self.var(level)
        place = round(at / self.step)
        kept = float(self.mass[: place + 1] @ (self.step * np.arange(place + 1)))
        return (self.mean - kept + at * (float(self.cumulative[place]) - level)) / (1 - level)


def put_on_grid(severity: Severity, step: float, points: int, rounding: Rounding) -> Array:
    """Return the mass of a severity at 0, step, …; less than 1 where it reaches beyond the end."""
    if rounding == "nearest":
        edges = (np.arange(points) + 0.5) * step
        return np.asarray(np.diff(severity.cdf(edges), prepend=0.0))
    means = severity.limited_mean(step * np.arange(points + 1))
    mass = np.diff(means, prepend=0.0)[1:]
    return np.asarray(np.maximum(np.r_[1 - mass[0] / step, -np.diff(mass) / step], 0.0))


def exact(perils: Sequence[Peril], *, step: float, points: int, rounding: Rounding = "nearest") -> LossGrid:
    """Return the distribution of the sum of independent perils on a given grid."""
    return compound(
        [(one.rate, put_on_grid(one.severity, step, points, rounding), one.clustering) for one in perils if one.rate],
        step=step,
        points=points,
        mean=math.fsum(one.mean for one in perils),
    )


def compound(
    parts: Sequence[tuple[float, Array, float]], *, step: float, points: int, mean: float, shock: float = 0.0
) -> LossGrid:
    """Return the distribution of a sum of compound variables.

    Args:
        parts: rate, mass of the severity on the grid, clustering; for each.
        step: of the grid.
        points: of the grid; a power of two is fastest.
        mean: of the sum, as it is known without the grid.
        shock: variance of one gamma factor of mean 1 that all parts without clustering share: good and bad years.
    """
    mass = _transformed(parts, points, shock, np.ones(points))
    if float(mass[-points // 64 :].sum()) > _WRAPS:
        mass = _transformed(parts, points, shock, np.exp(_TILT / points * np.arange(points)))
    return LossGrid(step=step, mass=np.maximum(mass, 0.0), mean=mean)


def _transformed(parts: Sequence[tuple[float, Array, float]], points: int, shock: float, raised: Array) -> Array:
    """Return the mass of the sum; `raised` is what severities are divided by before, and the sum multiplied after."""
    joint = np.zeros(points)
    total, log = 0.0, np.zeros(points // 2 + 1, complex)
    for rate, mass, clustering in parts:
        if clustering:
            log -= np.log1p(-clustering * rate * (fft.rfft(mass / raised) - 1)) / clustering
        else:
            joint += rate * mass
            total += rate
    if total:
        found = fft.rfft(joint / raised) - total
        log += -np.log1p(-shock * found) / shock if shock else found
    return np.asarray(fft.irfft(np.exp(log), points) * raised)


def fit_grid(perils: Sequence[Peril], *, reach: float = 0.0, shock: float = 0.0) -> tuple[float, int]:
    """Return the end of a grid that holds all but a few of ten thousand years, and how often it was made longer.

    The first guess is from means; while the tail is not inside, it is made four times as long.

    Args:
        perils: what adds up.
        reach: an amount that has to be on the grid, such as the appetite.
        shock: as of `compound`.
    """
    active = [one for one in perils if one.rate > 0]
    typical = [one.rate * float(one.severity.limited_mean(one.severity.quantile(0.999))) for one in active]
    end, points = max(4 * math.fsum(typical), 1.2 * reach, 1.0), 2**12
    for extended in range(_MOST_STEPS):
        step = end / points
        parts = [(one.rate, put_on_grid(one.severity, step, points, "mean"), one.clustering) for one in active]
        found = compound(parts, step=step, points=points, mean=math.inf, shock=shock)
        if found.beyond < _REACH:
            needed = found.step * int(np.searchsorted(found.cumulative, 1 - 2 * _REACH))
            return max(1.25 * needed, 1.2 * reach, 1.0), extended
        end *= 4
    raise bad_input("a tail that no grid holds", "severities that end somewhere", "cap the severity")


def panjer(rate: float, mass: Array, points: int) -> Array:
    """Return the same mass for one Poisson peril by Panjer's recursion (1981): the transform's check."""
    found = np.zeros(points)
    found[0] = math.exp(rate * (mass[0] - 1))
    weights = np.arange(len(mass)) * mass
    for x in range(1, points):
        most = min(x, len(mass) - 1)
        found[x] = rate / x * float(weights[1 : most + 1] @ found[x - most : x][::-1])
    return found
