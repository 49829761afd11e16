"""What is believed of an input after its evidence: distributions that are drawn from by their quantiles.

A share that was counted has the Jeffreys posterior Beta(½ + k, ½ + n − k); one that a judge counted who errs has its
likelihood averaged over what is known of the judge, on a grid, so that no correction leaves 0 … 1. An interval
without counts has the beta distribution with the same ends. A range has the distribution that it names.

Evidence ages: with a weight w below 1 counts are taken to the power w (k and n times w), and the logarithm of a range
is stretched by 1/√w. That widens; nothing is ever sharper for being old.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from drillyard.assurance.inputs import Spread, severity_of
from drillyard.assurance.loss.severity import Z95, Array, Lognormal
from drillyard.records import Estimate

__all__ = [
    "LEAST",
    "BetaShare",
    "Certain",
    "Kept",
    "Mixed",
    "Posterior",
    "Stretched",
    "Tabled",
    "TwoSided",
    "gamma_rate",
    "judged",
    "of_counts",
    "of_estimate",
    "of_spread",
]

LEAST = 0.05
"""The least weight of evidence: a range is stretched four and a half times, a count of 400 is worth 20."""
_GRID, _JUDGE = 400, 16


class Posterior(Protocol):
    """A distribution that is drawn from by its quantiles."""

    def quantile(self, u: ArrayLike) -> Array:
        """Return the quantiles at u in (0, 1)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Certain:
    """One value."""

    value: float

    def quantile(self, u: ArrayLike) -> Array:
        """Return the value, whatever u is."""
        return np.full(np.shape(u), self.value)


@dataclass(frozen=True, kw_only=True)
class BetaShare:
    """A share with a beta distribution."""

    a: float
    b: float

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles of the beta distribution."""
        return np.asarray(special.betaincinv(self.a, self.b, np.asarray(u, float)), float)


@dataclass(frozen=True, kw_only=True)
class Tabled:
    """A distribution as a table of values and what lies below each."""

    values: Array
    below: Array

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles by interpolation."""
        return np.asarray(np.interp(np.asarray(u, float), self.below, self.values))


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Between two posteriors: at the low end one, at the high end the other. For replies that nobody could judge."""

    low: Posterior
    high: Posterior

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles that go from the first to the second."""
        u = np.asarray(u, float)
        return np.asarray((1 - u) * self.low.quantile(u) + u * self.high.quantile(u))


@dataclass(frozen=True, kw_only=True)
class Stretched:
    """A distribution on a line, stretched around its median: old evidence."""

    inner: Posterior
    factor: float
    floor: float = -math.inf

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles farther from the median."""
        middle = self.inner.quantile(0.5)
        return np.maximum(middle + self.factor * (self.inner.quantile(u) - middle), self.floor)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A distribution whose tails are cut to what its place allows: no share above 1, no negative amount."""

    inner: Posterior
    low: float
    high: float

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles within the ends."""
        return np.clip(self.inner.quantile(u), self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class TwoSided:
    """What an estimate of either sign says: normal on each side of its value, 95 % between its ends."""

    estimate: Estimate

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles of the two halves."""
        one, z = self.estimate, np.asarray(special.ndtri(np.asarray(u, float)))
        return np.asarray(one.value + z * np.where(z < 0, one.value - one.low, one.high - one.value) / 1.959964)


def of_counts(k: float, n: float, *, unknown: int = 0, weight: float = 1.0) -> Posterior:
    """Return what k of n say of a share, with `unknown` more that said nothing; Jeffreys' prior (0.5, 0.5)."""
    if unknown:
        worst = of_counts(k + unknown, n + unknown, weight=weight)
        return Mixed(low=of_counts(k, n + unknown, weight=weight), high=worst)
    return BetaShare(a=0.5 + weight * k, b=0.5 + weight * (n - k))


def gamma_rate(events: int, years: float) -> Posterior:
    """Return what a count of events in so many years says of a yearly rate: Gamma(½ + k, years)."""
    u = np.linspace(0, 1, 4001)[1:-1]
    values = special.gammaincinv(0.5 + events, u) / years
    return Tabled(values=np.asarray(values, float), below=u)


def judged(k: int, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int], weight: float = 1.0) -> Tabled:
    """Return what k of n rulings say of the true share, with a judge of whom only counts are known.

    Args:
        k: rulings of `shown`.
        n: of so many.
        sensitivity: right rulings and all rulings on replies that do show it.
        specificity: the same on replies that do not.
        weight: of the rulings.
    """
    points = special.expit(np.linspace(-18, 18, _GRID))
    levels = (np.arange(_JUDGE) + 0.5) / _JUDGE
    se, sp = (special.betaincinv(0.5 + right, 0.5 + many - right, levels) for right, many in (sensitivity, specificity))
    seen = points[:, None, None] * se[None, :, None] + (1 - points[:, None, None]) * (1 - sp)[None, None, :]
    log = weight * (special.xlogy(k, seen) + special.xlog1py(n - k, -seen))
    likelihood = np.exp(log - log.max()).mean((1, 2))
    # Jeffreys' prior on the share, times the density of the grid, which is even in the logit
    mass = likelihood * np.sqrt(points * (1 - points))
    below = np.cumsum(mass) - mass / 2
    return Tabled(values=np.asarray(points, float), below=np.asarray(below / mass.sum(), float))


def of_estimate(found: Estimate, weight: float = 1.0) -> Posterior:
    """Return what an estimate says: of a share from its counts where its method counts, else from its interval."""
    if not (found.low >= 0 and found.high <= 1):
        return Stretched(inner=TwoSided(estimate=found), factor=1 / math.sqrt(weight))
    counted = found.method.split(" ")[0] in ("clopper-pearson", "wilson", "jeffreys")
    k = found.value * found.n
    if not found.n or found.unknown:
        return BetaShare(a=0.5, b=0.5)
    if counted and abs(k - round(k)) < 1e-6:
        return of_counts(round(k), found.n, weight=weight)
    a, b = _beta_through(max(found.low, 0.0), found.value, min(found.high, 1.0))
    return BetaShare(a=weight * a + (1 - weight) / 2, b=weight * b + (1 - weight) / 2)


def _beta_through(low: float, value: float, high: float) -> tuple[float, float]:
    """Return the shapes with 2.5 % below `low` and 97.5 % below `high`; at zero hits, those of Jeffreys' posterior."""
    if low <= 1e-12 and high < 1:
        # a bound: ½ and as many misses as put its upper end there
        most = optimize.brentq(lambda b: special.betaincinv(0.5, np.exp(b), 0.975) - high, -2, 25)
        return 0.5, float(np.exp(most))
    if high >= 1:
        b, a = _beta_through(0.0, 1 - value, 1 - low) if low > 0 else (0.5, 0.5)
        return a, b
    middle = min(max(value, 1.01 * low), 0.99 * high)
    size = max(middle * (1 - middle) / ((high - low) / 3.92) ** 2 - 1, 1.0)

    def off(shape: Array) -> Array:
        a, b = np.exp(shape)
        return np.array([special.betainc(a, b, low) - 0.025, special.betaincc(a, b, high) - 0.025])

    found = optimize.root(off, np.log([middle * size, (1 - middle) * size]))
    a, b = np.exp(found.x) if found.success else (middle * size, (1 - middle) * size)
    return float(a), float(b)


def of_spread(spread: Spread, weight: float = 1.0) -> Posterior:
    """Return the distribution of a range that somebody stated."""
    if spread.value is not None:
        return Certain(value=spread.value)
    stretch = 1 / math.sqrt(weight)
    low, high = spread.low or 0.0, spread.high or 0.0
    if spread.form == "normal":
        levels = np.linspace(0, 1, 2001)[1:-1]
        middle, sd = (low + high) / 2, (high - low) / (2 * Z95)
        return Tabled(values=middle + stretch * sd * special.ndtri(levels), below=levels)
    if spread.form == "lognormal":
        inner = Lognormal.between(low, high)
        return Lognormal(mu=inner.mu, sigma=inner.sigma * stretch)
    found = severity_of(spread)
    if weight < 1:
        return Stretched(inner=found, factor=stretch, floor=0.0 if low >= 0 else -math.inf)
    return found
