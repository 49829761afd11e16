"""From the largest elicitation probabilities of N queries to those of n, many times more: an extreme-value tail fit.

An elicitation probability p is the chance that a sampled reply to a query shows a behaviour. On the scale
ψ = −log(−log p) the upper tail over queries is close to exponential (Jones et al. 2025, arXiv 2502.16797), so what the
largest few say carries on to larger sets. With x the (k+1)-th largest ψ of N and Σ the sum of the k excesses over it,
three facts are exact for an exponential tail of rate λ (Rényi 1953): the excesses do not depend on x, λ·Σ follows
Gamma(k), and the share of all queries above x follows Beta(k + 1, N − k). So

    largest ψ of n = x + log(B / B′) · Σ / G,   G ~ Gamma(k), B ~ Beta(k + 1, N − k), B′ = 1 − U^(1/n)

is an exact predictive distribution: fit, number of queries and luck of the draw are all in it.

Where the tail is lighter than exponential (a failure whose probability has a ceiling) that forecast is too high. So
the low end is guarded (`interval="guarded"`): whatever the tail, the largest of n more queries lies below the j-th
largest of N with a chance of ∏ (N − i) / (N + n − i), i = 0 … j − 1, because every order of all N + n is as likely; the
low end is never above the first of these values for which that chance is small enough. A tail heavier than exponential,
or a mode that no query met, has no such guard. `"predictive"` is the interval without it, `"bootstrap"` that of
resampled queries, which repeats the largest value in two of three resamples; `benchmarks/forecast.py` prints the
coverage of all three.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["DEFAULT_K", "DRAWS", "Tail", "exceeding_share", "exponential_fit", "fit_tail", "from_psi", "largest", "psi"]

DEFAULT_K = 20
"""Largest values that a fit uses: fewer make it wide, more reach below the tail."""

DRAWS = 4000
"""Of the predictive distribution; with so many its ends move by about a hundredth of its width."""

_SMALLEST = 1e-300
"""Keeps the double logarithm finite; it is near the smallest float."""

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Tail:
    """What was fitted: above `level` (in ψ) lie k of n queries, and ψ there falls off with the rate `rate`."""

    level: float
    rate: float
    k: int
    n: int

    def quantile(self, volume: float) -> float:
        """Return the p that one of `volume` queries exceeds on average; extrapolates above n / k."""
        return float(from_psi(self.level + math.log(volume * self.k / self.n) / self.rate))


def psi(p: Values | float) -> Values:
    """Return −log(−log p): 0 ↦ very low, 1 ↦ very high, both finite."""
    return np.asarray(-np.log(-np.log(np.clip(p, _SMALLEST, 1 - 1e-12))))


def from_psi(value: Values | float) -> Values:
    """Return p from ψ."""
    return np.asarray(np.exp(-np.exp(-np.asarray(value, float))))


def fit_tail(p: Sequence[float] | Values, k: int = DEFAULT_K) -> Tail:
    """Fit an exponential tail in ψ to the k largest of the elicitation probabilities p (one per query).

    Raises:
        BadInput: a value outside 0 … 1, k below 2, or not more than k queries with a probability above zero.
    """
    values = _checked(p)
    if k < 2:
        raise bad_input(f"k = {k}", "at least 2 largest values")
    if (found := int((values > 0).sum())) <= k:
        raise bad_input(f"{found} queries with a probability above zero", f"more than k = {k}", "ask more queries")
    top = np.sort(psi(values))[::-1][: k + 1]
    excess = float((top[:k] - top[k]).sum())
    if excess <= 0:
        raise bad_input(
            f"the {k} largest probabilities all alike", "values that fall off", "ask more different queries"
        )
    return Tail(level=float(top[k]), rate=k / excess, k=k, n=len(values))


def largest(
    p: Sequence[float] | Values,
    volume: int,
    k: int = DEFAULT_K,
    *,
    confidence: float = 0.95,
    interval: Literal["guarded", "predictive", "bootstrap"] = "guarded",
    seed: int = 0,
    draws: int = DRAWS,
) -> Estimate:
    """Forecast the largest elicitation probability among `volume` further queries drawn as these were.

    The value is the median forecast; the interval is to hold the largest value itself, not a mean of it. Raises as
    `fit_tail` does, and on a volume below the number of queries.
    """
    tail, rng = fit_tail(p, k), np.random.default_rng(seed)
    if volume < tail.n:
        raise bad_input(f"a volume of {volume} queries", f"at least the {tail.n} that were evaluated")
    if interval == "bootstrap":
        drawn = _resampled(_checked(p), volume, k, rng, draws // 4)
    else:
        drawn = _predicted(tail, volume, rng, draws)
    quantiles = np.quantile(drawn, [(1 - confidence) / 2, 0.5, (1 + confidence) / 2])
    low, value, high = (float(from_psi(x)) for x in quantiles)
    if interval == "guarded":
        low = min(low, _guard(_checked(p), volume, (1 - confidence) / 2))
    method = f"{interval} tail fit {100 * confidence:g}%, k = {k}"
    return Estimate(value=value, low=low, high=high, n=tail.n, method=method)


def exceeding_share(
    p: Sequence[float] | Values, k: int = DEFAULT_K, confidence: float = 0.95, seed: int = 0
) -> Estimate:
    """Return the mean of p over all queries, tail included: the chance that one more query shows the behaviour.

    Below the fitted tail the queries speak for themselves (a normal mean); above it the fitted tail does, so that
    queries rarer than one in N have their part. Raises as `fit_tail` does.
    """
    tail, rng, values = fit_tail(p, k), np.random.default_rng(seed), np.sort(_checked(p))
    body = values[: len(values) - k]
    spread = float(body.std()) / math.sqrt(len(body))
    means = np.clip(rng.normal(float(body.mean()), spread, DRAWS), 0.0, float(body[-1]))
    share = rng.beta(k, tail.n - k + 1, DRAWS)
    rate = tail.rate * rng.gamma(k, 1 / k, DRAWS)
    # The mean of p above the level: ψ = level + e / rate with e ~ Exp(1), by its quantiles.
    steps = -np.log1p(-(np.arange(64) + 0.5) / 64)
    above = from_psi(tail.level + steps[None, :] / rate[:, None]).mean(axis=1)
    draws = (1 - share) * means + share * above
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    value = float(np.median(draws))
    method = f"mean with fitted tail {100 * confidence:g}%, k = {k}"
    return Estimate(value=value, low=float(low), high=float(high), n=tail.n, method=method)


def exponential_fit(p: Sequence[float] | Values, k: int = DEFAULT_K) -> float:
    """Return the p-value of the hypothesis that the k excesses are exponential; small means a poor fit.

    Anderson and Darling's test with an estimated scale (Stephens 1974); its distribution for this k is simulated, with
    a fixed seed, so that the p-value is a multiple of 1/2,000. Why not a test of one moment, such as Gini's: half of
    the values in a clump and half in another pass it.
    """
    tail, top = fit_tail(p, k), np.sort(psi(_checked(p)))[::-1][:k]
    found = _anderson_darling((top - tail.level)[None, :])[0]
    return float((_null(k) >= found).mean())


@functools.lru_cache(maxsize=64)
def _null(k: int) -> Values:
    """Return 2,000 draws of the statistic for k exponential values."""
    return _anderson_darling(np.random.default_rng(k).exponential(size=(2000, k)))


def _anderson_darling(excesses: Values) -> Values:
    """Return (rows,) the statistic A² of each row of (rows, k) excesses against an exponential of the same mean."""
    k = excesses.shape[1]
    share = np.clip(-np.expm1(-np.sort(excesses, axis=1) / excesses.mean(axis=1, keepdims=True)), 1e-12, 1 - 1e-12)
    terms = (2 * np.arange(1, k + 1) - 1) * (np.log(share) + np.log1p(-share[:, ::-1]))
    squared: Values = -k - terms.sum(axis=1) / k
    return squared


def _predicted(tail: Tail, volume: int, rng: np.random.Generator, draws: int) -> Values:
    """Draw the largest ψ of `volume` queries from its exact predictive distribution."""
    above = rng.beta(tail.k + 1, tail.n - tail.k, draws)
    beyond = -np.expm1(np.log(rng.uniform(size=draws)) / volume)
    spread = (tail.k / tail.rate) / rng.gamma(tail.k, 1.0, draws)
    drawn: Values = tail.level + np.log(above / beyond) * spread
    return drawn


def _guard(values: Values, volume: int, tail: float) -> float:
    """Return the largest value that the largest of `volume` more falls below with a chance of at most `tail`."""
    n = len(values)
    chance = np.cumprod([(n - i) / (n + volume - i) for i in range(n)])
    return float(np.sort(values)[::-1][int((chance > tail).sum())])


def _resampled(values: Values, volume: int, k: int, rng: np.random.Generator, draws: int) -> Values:
    """Draw the largest ψ of `volume` queries from fits to resampled queries."""
    n = len(values)
    picked = rng.choice(psi(values), (draws, n))
    top = -np.sort(np.partition(-picked, k, axis=1)[:, : k + 1], axis=1)
    beyond = -np.expm1(np.log(rng.uniform(size=draws)) / volume)
    drawn: Values = top[:, k] + np.log(k / n / beyond) * (top[:, :k] - top[:, k:]).mean(axis=1)
    return drawn


def _checked(p: Sequence[float] | Values) -> Values:
    values = np.asarray(p, float)
    if values.ndim != 1 or not len(values) or not ((values >= 0) & (values <= 1)).all():
        raise bad_input("elicitation probabilities outside 0 … 1, or none", "one number from 0 to 1 per query")
    return values
