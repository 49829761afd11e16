"""What is believed of an input after its evidence: distributions that are drawn from by their quantiles.

Counts say of a share no more than that it lies between two confidence distributions, Beta(k, n − k + 1) and
Beta(k + 1, n − k), whose ends are Clopper's and Pearson's (1934; a confidence box, Ferson and others 2014). What is
drawn goes from the lower at its 5 % point to the upper at its 95 % point, and has the mean of both, (k + ½)/(n + 1),
that of Jeffreys' posterior too. So a band of 90 % or more holds the true share at least that often, at every share.
One that a judge counted who errs has the same on each side, with what is known of the judge against it. An interval
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
    "Between",
    "Certain",
    "GammaRate",
    "Kept",
    "Posterior",
    "Stretched",
    "Tabled",
    "TwoSided",
    "judged",
    "of_change",
    "of_counts",
    "of_estimate",
    "of_events",
    "of_spread",
]

LEAST = 0.05
"""The least weight of evidence: a range is stretched four and a half times, a count of 400 is worth 20."""
_GRID, _JUDGE = 200, 16
_TAIL = 0.05
"""Below this and above one minus it, what is drawn is one of the two ends; reported bands end here."""
_LEVELS = (np.arange(2001) + 0.5) / 2001


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
class GammaRate:
    """A yearly rate with a gamma distribution: so many events (its shape) in so many years."""

    shape: float
    years: float

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles of the gamma distribution."""
        return np.asarray(special.gammaincinv(self.shape, np.asarray(u, float)) / self.years)


@dataclass(frozen=True, kw_only=True)
class Between:
    """Between two distributions: the lower at the low end, the upper at the high end, and the mean of both on average.

    `power` is how late it goes from one to the other.
    """

    low: Posterior
    high: Posterior
    power: float

    @classmethod
    def of(cls, low: Posterior, high: Posterior) -> Between:
        """Return the one whose mean is the middle of both means."""
        least, most, ramp = low.quantile(_LEVELS), high.quantile(_LEVELS), _ramp(_LEVELS)
        middle = float(least.mean() + most.mean()) / 2

        def off(power: float) -> float:
            return float((least + ramp**power * (most - least)).mean()) - middle

        ends = 0.02, 50.0
        return cls(low=low, high=high, power=optimize.brentq(off, *ends) if off(ends[0]) * off(ends[1]) < 0 else 1.0)

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles that go from the lower to the upper."""
        low, high = self.low.quantile(u), self.high.quantile(u)
        return np.asarray(low + _ramp(np.asarray(u, float)) ** self.power * (high - low))


def _ramp(u: Array) -> Array:
    return np.clip((u - _TAIL) / (1 - 2 * _TAIL), 0.0, 1.0)


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
    """What an estimate of either sign says: normal on each side of its value."""

    estimate: Estimate

    def quantile(self, u: ArrayLike) -> Array:
        """Return quantiles of the two halves."""
        one, z = self.estimate, np.asarray(special.ndtri(np.asarray(u, float)))
        return np.asarray(
            one.value + z * np.where(z < 0, one.value - one.low, one.high - one.value) / -special.ndtri(_beyond(one))
        )


def of_counts(k: float, n: float, *, unknown: int = 0, weight: float = 1.0) -> Between:
    """Return what k of n say of a share, with `unknown` more that said nothing: none of them counts, or all do."""
    return Between.of(*_ends(k, n, unknown, weight))


def _ends(k: float, n: float, unknown: int = 0, weight: float = 1.0) -> tuple[Posterior, Posterior]:
    """Return the two confidence distributions of a count."""
    hits, misses, open_ = weight * k, weight * (n - k), weight * unknown
    return _share(hits, misses + open_ + 1), _share(hits + open_ + 1, misses)


def _share(a: float, b: float) -> Posterior:
    """Return the beta distribution, which is certain where nothing speaks for one of its ends."""
    if a <= 0 or b <= 0:
        return Certain(value=0.0 if a <= 0 else 1.0)
    return BetaShare(a=a, b=b)


def of_events(events: int, years: float, weight: float = 1.0) -> Between:
    """Return what a count of events in so many years says of a yearly rate; its ends are Garwood's (1936)."""
    low = GammaRate(shape=weight * events, years=weight * years) if events else Certain(value=0.0)
    return Between.of(low, GammaRate(shape=weight * events + 1, years=weight * years))


def judged(
    k: int, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int], *, unknown: int = 0, weight: float = 1.0
) -> Between:
    """Return what k of n rulings say of the true share, with a judge of whom only counts are known.

    On each side the rate of rulings and the judge's two errors stand where they make the share least, or most; what
    Rogan and Gladen (1978) make of them is kept within 0 … 1.

    Args:
        k: rulings of `shown`.
        n: of so many.
        sensitivity: right rulings and all rulings on replies that do show it.
        specificity: the same on replies that do not.
        unknown: replies that it could not rule on, beside.
        weight: of the rulings.
    """
    seen, power, clean = _ends(k, n, unknown, weight), _ends(*sensitivity), _ends(*specificity)
    return Between.of(_corrected(seen[0], power[1], clean[0], 0.0), _corrected(seen[1], power[0], clean[1], 1.0))


def _corrected(seen: Posterior, sensitivity: Posterior, specificity: Posterior, else_: float) -> Tabled:
    """Return the true share behind a rate of rulings; `else_` where a judge is no better than chance."""
    levels = (np.arange(_JUDGE) + 0.5) / _JUDGE
    rate = seen.quantile((np.arange(_GRID) + 0.5) / _GRID)[:, None, None]
    false = 1 - specificity.quantile(levels)[None, :, None]
    power = sensitivity.quantile(levels)[None, None, :] - false
    found = np.where(power > 0, np.clip((rate - false) / np.where(power > 0, power, 1.0), 0.0, 1.0), else_).ravel()
    return Tabled(values=np.sort(found), below=(np.arange(found.size) + 0.5) / found.size)


def of_estimate(found: Estimate, weight: float = 1.0) -> Posterior:
    """Return what an estimate says: of a share from its counts where its method counts, else from its interval."""
    if not (found.low >= 0 and found.high <= 1):
        return of_change(found, weight)
    counted = found.method.split(" ")[0] in ("clopper-pearson", "wilson", "jeffreys")
    k = found.value * found.n
    if not found.n or found.unknown or (found.low <= 0 and found.high >= 1):
        return of_counts(0, 0)
    if counted and abs(k - round(k)) < 1e-6:
        return of_counts(round(k), found.n, weight=weight)
    tail = _beyond(found)
    if found.low <= 1e-12:  # a bound, as of zero hits: what of Beta(1, b) is beyond it is the tail
        return Between.of(Certain(value=0.0), _share(1.0, weight * math.log(tail) / math.log1p(-found.high)))
    if found.high >= 1 - 1e-12:
        return Between.of(_share(weight * math.log(tail) / math.log(found.low), 1.0), Certain(value=1.0))
    a, b = _beta_through(found.low, found.value, found.high, tail)
    return BetaShare(a=weight * a + (1 - weight) / 2, b=weight * b + (1 - weight) / 2)


def of_change(found: Estimate, weight: float = 1.0) -> Stretched:
    """Return what an estimate says that is no share, or may have either sign."""
    return Stretched(inner=TwoSided(estimate=found), factor=1 / math.sqrt(weight))


def _beyond(found: Estimate) -> float:
    """Return what lies beyond each end of an estimate: a twentieth where it says 90 %, else a fortieth."""
    return 0.05 if "90%" in found.method or "5 % to 95 %" in found.method else 0.025


def _beta_through(low: float, value: float, high: float, tail: float) -> tuple[float, float]:
    """Return the shapes with a tail below `low` and one above `high`."""
    middle = min(max(value, 1.01 * low), 0.99 * high)
    size = max(middle * (1 - middle) / ((high - low) / 4) ** 2 - 1, 1.0)

    def off(shape: Array) -> Array:
        a, b = np.exp(shape)
        return np.array([special.betainc(a, b, low) - tail, special.betaincc(a, b, high) - tail])

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
