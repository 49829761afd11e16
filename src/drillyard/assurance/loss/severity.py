"""Severities: what one harmful event costs. Each knows its distribution, its mean and its limited mean E[min(X, x)].

The limited mean is what all else is made of: layers of insurance, caps, and a discretisation that keeps the mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from drillyard.errors import bad_input

__all__ = [
    "Z95",
    "Array",
    "Capped",
    "Exponential",
    "Fixed",
    "Lognormal",
    "Pareto",
    "Pert",
    "Retained",
    "Scaled",
    "Severity",
    "TabledMean",
    "Uniform",
    "pert_shape",
    "pert_shape_pyfair",
]

Array = NDArray[np.float64]
Z95 = 1.6448536269514722
"""The 95 % point of the normal distribution."""


class Severity(Protocol):
    """The cost of one event, at least 0."""

    @property
    def mean(self) -> float:
        """The mean; infinite where there is none."""
        ...

    def cdf(self, x: ArrayLike) -> Array:
        """Return P(X ≤ x), for x ≥ 0."""
        ...

    def limited_mean(self, x: ArrayLike) -> Array:
        """Return E[min(X, x)], for x ≥ 0."""
        ...

    def quantile(self, q: ArrayLike) -> Array:
        """Return the smallest x with P(X ≤ x) ≥ q."""
        ...


@dataclass(frozen=True, kw_only=True)
class Lognormal:
    """ln X is normal. `between` takes its 5 % and 95 % points."""

    mu: float
    sigma: float

    @classmethod
    def between(cls, low: float, high: float) -> Lognormal:
        """Return the one with 90 % between two amounts above 0."""
        return cls(mu=(math.log(low) + math.log(high)) / 2, sigma=(math.log(high) - math.log(low)) / (2 * Z95))

    @property
    def mean(self) -> float:
        """exp(μ + σ²/2); infinite where that is beyond every number."""
        power = self.mu + self.sigma**2 / 2
        return math.exp(power) if power < 700 else math.inf

    def _z(self, x: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(np.asarray(x, float)) - self.mu) / self.sigma)

    def cdf(self, x: ArrayLike) -> Array:
        """Φ((ln x − μ)/σ)."""
        return np.asarray(special.ndtr(self._z(x)))

    def limited_mean(self, x: ArrayLike) -> Array:
        """M Φ(z − σ) + x (1 − Φ(z))."""
        x, z = np.asarray(x, float), self._z(x)
        return np.asarray(self.mean * special.ndtr(z - self.sigma) + x * special.ndtr(-z))

    def quantile(self, q: ArrayLike) -> Array:
        """exp(μ + σ z)."""
        return np.asarray(np.exp(self.mu + self.sigma * special.ndtri(np.asarray(q, float))))


@dataclass(frozen=True, kw_only=True)
class Pert:
    """A beta distribution from `low` to `high` with shapes `alpha` and `beta`."""

    low: float
    high: float
    alpha: float
    beta: float

    @classmethod
    def of(cls, low: float, mode: float, high: float) -> Pert:
        """Return the usual PERT of three points."""
        alpha, beta = pert_shape(low, mode, high)
        return cls(low=low, high=high, alpha=alpha, beta=beta)

    @property
    def mean(self) -> float:
        """The mean of the beta, in place."""
        return self.low + (self.high - self.low) * self.alpha / (self.alpha + self.beta)

    def _u(self, x: ArrayLike) -> Array:
        return np.clip((np.asarray(x, float) - self.low) / (self.high - self.low), 0.0, 1.0)

    def cdf(self, x: ArrayLike) -> Array:
        """The incomplete beta function."""
        return np.asarray(special.betainc(self.alpha, self.beta, self._u(x)))

    def limited_mean(self, x: ArrayLike) -> Array:
        """∫ of the part below x, plus x times the part above."""
        x, u = np.asarray(x, float), self._u(x)
        a, b = self.alpha, self.beta
        below = self.low * special.betainc(a, b, u) + (self.high - self.low) * a / (a + b) * special.betainc(
            a + 1, b, u
        )
        return np.asarray(below + x * special.betaincc(a, b, u))

    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`."""
        return np.asarray(
            self.low + (self.high - self.low) * special.betaincinv(self.alpha, self.beta, np.asarray(q, float)), float
        )


def pert_shape(low: float, mode: float, high: float) -> tuple[float, float]:
    """Return α = 1 + 4 (m − a)/(b − a) and β = 1 + 4 (b − m)/(b − a)."""
    if not low <= mode <= high or low == high:
        raise bad_input(f"{low:g}, {mode:g}, {high:g}", "low ≤ mode ≤ high, low below high")
    return 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)


def pert_shape_pyfair(low: float, mode: float, high: float, gamma: float = 4.0) -> tuple[float, float]:
    """Return pyfair's shapes: same mean, standard deviation (b − a)/(γ + 2), which is no PERT's; to compare only."""
    mean, sd = (low + gamma * mode + high) / (gamma + 2), (high - low) / (gamma + 2)
    alpha = (mean - low) / (high - low) * ((mean - low) * (high - mean) / sd**2 - 1)
    return alpha, alpha * (high - mean) / (mean - low)


@dataclass(frozen=True, kw_only=True)
class Exponential:
    """The exponential distribution: what closed forms are known for."""

    mean: float

    def cdf(self, x: ArrayLike) -> Array:
        """1 − exp(−x/m)."""
        return np.asarray(-np.expm1(-np.asarray(x, float) / self.mean))

    def limited_mean(self, x: ArrayLike) -> Array:
        """M (1 − exp(−x/m))."""
        return np.asarray(self.mean * self.cdf(x))

    def quantile(self, q: ArrayLike) -> Array:
        """−m ln(1 − q)."""
        return np.asarray(-self.mean * np.log1p(-np.asarray(q, float)))


@dataclass(frozen=True, kw_only=True)
class Pareto:
    """P(X > x) = (x₀/x)^α above x₀: a heavy tail, without a mean where α ≤ 1."""

    start: float
    alpha: float

    @property
    def mean(self) -> float:
        """α x₀/(α − 1), or infinite."""
        return self.alpha * self.start / (self.alpha - 1) if self.alpha > 1 else math.inf

    def cdf(self, x: ArrayLike) -> Array:
        """1 − (x₀/x)^α above x₀."""
        return np.asarray(1 - (self.start / np.maximum(np.asarray(x, float), self.start)) ** self.alpha)

    def limited_mean(self, x: ArrayLike) -> Array:
        """∫ of the survival function from 0 to x."""
        x = np.asarray(x, float)
        over = np.maximum(x, self.start) / self.start
        grown = np.log(over) if self.alpha == 1 else (over ** (1 - self.alpha) - 1) / (1 - self.alpha)
        return np.asarray(np.minimum(x, self.start) + self.start * grown)

    def quantile(self, q: ArrayLike) -> Array:
        """x₀ (1 − q)^(−1/α)."""
        return np.asarray(self.start * (1 - np.asarray(q, float)) ** (-1 / self.alpha))


@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Any amount from `low` to `high` alike."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2

    def cdf(self, x: ArrayLike) -> Array:
        """A straight line."""
        return np.clip((np.asarray(x, float) - self.low) / (self.high - self.low), 0.0, 1.0)

    def limited_mean(self, x: ArrayLike) -> Array:
        """X below `low`, and less and less of what is above."""
        inside = np.clip(np.asarray(x, float), self.low, self.high)
        lost = (inside - self.low) ** 2 / (2 * (self.high - self.low))
        return np.asarray(np.minimum(np.asarray(x, float), inside) - lost)

    def quantile(self, q: ArrayLike) -> Array:
        """The line the other way round."""
        return np.asarray(self.low + (self.high - self.low) * np.asarray(q, float))


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The same amount each time."""

    amount: float

    @property
    def mean(self) -> float:
        """The amount."""
        return self.amount

    def cdf(self, x: ArrayLike) -> Array:
        """A step."""
        return np.asarray(np.asarray(x, float) >= self.amount, float)

    def limited_mean(self, x: ArrayLike) -> Array:
        """min(x, amount)."""
        return np.asarray(np.minimum(np.asarray(x, float), self.amount))

    def quantile(self, q: ArrayLike) -> Array:
        """The amount."""
        return np.full(np.shape(q), self.amount)


@dataclass(frozen=True, kw_only=True)
class TabledMean:
    """A severity whose limited mean is looked up: at its knots it is the inner one's, between them a straight line.

    That is itself a severity, with its mass at the knots. Thousands of draws need the same one at other scales.
    """

    inner: Severity
    knots: Array
    means: Array

    @classmethod
    def of(cls, inner: Severity, end: float, knots: int = 2**14) -> TabledMean:
        """Return one with knots from 0 to `end`, evenly and by quantiles."""
        levels = np.linspace(0, 1, 2002)[1:-1]
        places = np.unique(np.r_[np.linspace(0, end, knots), np.minimum(inner.quantile(levels), end)])
        return cls(inner=inner, knots=places, means=inner.limited_mean(places))

    @property
    def mean(self) -> float:
        """The inner one's."""
        return self.inner.mean

    def cdf(self, x: ArrayLike) -> Array:
        """The inner one's."""
        return self.inner.cdf(x)

    def limited_mean(self, x: ArrayLike) -> Array:
        """By interpolation; beyond the knots the last one's."""
        return np.asarray(np.interp(np.asarray(x, float), self.knots, self.means))

    def quantile(self, q: ArrayLike) -> Array:
        """The inner one's."""
        return self.inner.quantile(q)


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """A severity times a factor above 0."""

    inner: Severity
    factor: float

    @property
    def mean(self) -> float:
        """The mean, scaled."""
        return self.inner.mean * self.factor

    def cdf(self, x: ArrayLike) -> Array:
        """That of x over the factor."""
        return self.inner.cdf(np.asarray(x, float) / self.factor)

    def limited_mean(self, x: ArrayLike) -> Array:
        """That of x over the factor, scaled."""
        return np.asarray(self.factor * self.inner.limited_mean(np.asarray(x, float) / self.factor))

    def quantile(self, q: ArrayLike) -> Array:
        """That of the inner one, scaled."""
        return np.asarray(self.factor * self.inner.quantile(q))


@dataclass(frozen=True, kw_only=True)
class Capped:
    """A severity that no event exceeds a cap of: a statutory limit enters as this, never as an amount to expect."""

    inner: Severity
    cap: float

    @property
    def mean(self) -> float:
        """E[min(X, cap)]."""
        return float(self.inner.limited_mean(self.cap))

    def cdf(self, x: ArrayLike) -> Array:
        """1 from the cap on."""
        x = np.asarray(x, float)
        return np.where(x >= self.cap, 1.0, self.inner.cdf(x))

    def limited_mean(self, x: ArrayLike) -> Array:
        """That of min(x, cap)."""
        return self.inner.limited_mean(np.minimum(np.asarray(x, float), self.cap))

    def quantile(self, q: ArrayLike) -> Array:
        """At most the cap."""
        return np.minimum(self.inner.quantile(q), self.cap)


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What is left to oneself when an insurer pays what lies above `excess`, at most `limit`, of each event."""

    inner: Severity
    excess: float
    limit: float

    @property
    def mean(self) -> float:
        """All but the layer."""
        layer = self.inner.limited_mean(self.excess + self.limit) - self.inner.limited_mean(self.excess)
        return self.inner.mean - float(layer)

    def cdf(self, x: ArrayLike) -> Array:
        """Above the excess the layer's width is added."""
        x = np.asarray(x, float)
        return self.inner.cdf(np.where(x >= self.excess, x + self.limit, x))

    def limited_mean(self, x: ArrayLike) -> Array:
        """∫ of the survival function, which jumps over the layer."""
        x = np.asarray(x, float)
        own = self.inner.limited_mean(np.minimum(x, self.excess))
        far = np.maximum(x, self.excess) + self.limit
        return np.asarray(own + self.inner.limited_mean(far) - self.inner.limited_mean(self.excess + self.limit))

    def quantile(self, q: ArrayLike) -> Array:
        """What is left of the inner one's."""
        x = self.inner.quantile(q)
        return np.asarray(np.minimum(x, self.excess) + np.maximum(x - self.excess - self.limit, 0.0))
