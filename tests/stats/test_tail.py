"""The tail fit: on exact exponential tails forecasts hold as often as they say; what cannot be fitted is refused."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from drillyard.errors import BadInput
from drillyard.stats import exceeding_share, exponential_fit, fit_tail, largest
from drillyard.stats.tail import _anderson_darling, _guard, from_psi, psi

N, VOLUME = 1000, 100_000


def queries(rng: np.random.Generator, rate: float, n: int, level: float = -3.0) -> np.ndarray:
    """Return elicitation probabilities whose ψ is exponential with a rate above a level: the model itself, exactly."""
    return from_psi(level + rng.exponential(1 / rate, n))


def backtest(rate: float, interval: str, repeats: int = 200, k: int = 20) -> tuple[float, float]:
    """Return how often the interval held the largest of 100,000, and how often the value was within one order of it."""
    rng, held, near = np.random.default_rng(int(rate)), 0, 0
    for repeat in range(repeats):
        found = largest(queries(rng, rate, N), VOLUME, k, interval=interval, seed=repeat)
        truth = float(queries(rng, rate, VOLUME).max())
        held += found.low <= truth <= found.high
        near += abs(math.log10(found.value / truth)) <= 1
    return held / repeats, near / repeats


@pytest.mark.parametrize(("volume", "j"), [(100_000, 1), (39_000, 1), (38_000, 2), (1000, 6)])
def test_the_guard_is_the_closed_form(volume: int, j: int) -> None:
    """The top j of all queries were all evaluated: N / (N + n) at j = 1, about its j-th power after that."""
    p = queries(np.random.default_rng(1), 6.0, N)
    found = _guard(p, volume, 0.025)
    assert found == np.sort(p)[-j]
    chance = [math.comb(N, i) / math.comb(N + volume, i) for i in (j - 1, j)]
    assert chance[1] <= 0.025 < chance[0]


def test_the_guard_holds_where_the_tail_has_a_ceiling() -> None:
    """Probabilities spread evenly below 0.1: the exponential tail is too high, the guarded interval holds the truth.

    Its value stays within an order of the truth all the same.
    """
    rng, held, pure, near = np.random.default_rng(2), 0, 0, 0
    for seed in range(100):
        p, truth = rng.uniform(0, 0.1, N), float(rng.uniform(0, 0.1, VOLUME).max())
        guarded, plain = (largest(p, VOLUME, interval=kind, seed=seed) for kind in ("guarded", "predictive"))
        held += guarded.low <= truth <= guarded.high
        pure += plain.low <= truth <= plain.high
        near += abs(math.log10(guarded.value / truth)) <= 1
    assert held >= 95 and pure <= 60 and near == 100


@pytest.mark.parametrize("rate", [3, 6, 10])
def test_forecasts_hold_as_often_as_they_say(rate: float) -> None:
    """1,000 queries to 100,000: the 95 % interval holds the truth in 95 % (± two standard errors of 200 repeats)."""
    held, near = backtest(rate, "predictive")
    assert 0.95 - 0.031 <= held <= 0.95 + 0.031
    assert near >= 0.9 - 0.02 * (rate == 10)  # at p of about 0.02 the luck of the draw alone is wider


def test_the_bootstrap_holds_less_often() -> None:
    """Why it is not the default: on the same queries, with ten values, it never holds where the other one does not."""
    sure, resampled = (backtest(3, interval, 100, k=10)[0] for interval in ("predictive", "bootstrap"))
    assert resampled < sure


def test_the_fit_is_the_maximum_likelihood_one() -> None:
    """The rate is that of scipy's exponential fit to the excesses."""
    p = queries(np.random.default_rng(0), 4.0, 500)
    top = np.sort(psi(p))[::-1][:21]
    assert fit_tail(p, 20).rate == pytest.approx(1 / scipy_stats.expon.fit(top[:20], floc=top[20])[1])


def test_the_quantile_is_near_the_published_recipe() -> None:
    """Regression of log survival on ψ (Jones et al. 2025, as in our reference): typically within half an order."""
    apart = []
    for seed in range(20):
        p = queries(np.random.default_rng(seed), 6.0, N)
        top = np.sort(psi(p))[::-1][:20]
        slope, intercept = np.polyfit(top, np.log(np.arange(1, 21) / N), 1)
        published = float(from_psi((-math.log(VOLUME) - intercept) / slope))
        apart.append(abs(math.log10(fit_tail(p, 20).quantile(VOLUME) / published)))
    assert np.median(apart) < 0.5


@pytest.mark.parametrize("rate", [3.0, 8.0])
def test_the_mean_covers_what_the_queries_did_not_meet(rate: float) -> None:
    """The mean of p over all queries, from 1,000: the 95 % interval holds it in at least 90 % of 100 repeats."""
    truth = float(queries(np.random.default_rng(99), rate, 2_000_000).mean())
    rng = np.random.default_rng(4)
    held = [found.low <= truth <= found.high for found in (exceeding_share(queries(rng, rate, N)) for _ in range(100))]
    assert sum(held) >= 90


def test_the_statistic_is_scipys() -> None:
    """Anderson and Darling's A² of exponential values, as in scipy.stats.anderson."""
    values = np.random.default_rng(8).gamma(2.0, size=25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # scipy announces another way to choose its p-value
        peer = scipy_stats.anderson(values, "expon").statistic
    assert _anderson_darling(values[None, :])[0] == pytest.approx(peer)


def test_a_poor_fit_is_told_from_a_good_one() -> None:
    """Exponential excesses are rejected at 5 % about once in twenty; two clumps of values nearly always."""
    rng = np.random.default_rng(6)
    good = [exponential_fit(queries(rng, 5.0, N), 20) for _ in range(200)]
    assert 0.01 <= np.mean(np.array(good) < 0.05) <= 0.1
    halves = np.concatenate([np.linspace(0.4, 0.41, 10), np.linspace(1e-5, 2e-5, N - 10)])
    assert exponential_fit(halves, 20) < 0.01
    clumped = np.concatenate([np.full(N, 1e-6), np.full(5, 0.5)]) * rng.uniform(0.98, 1.0, N + 5)
    assert exponential_fit(clumped, 20) < 0.01


@pytest.mark.parametrize(
    ("p", "k", "words"),
    [
        ([0.0] * 50, 10, "found 0 queries with a probability above zero, expected more than k = 10"),
        ([0.5] * 50, 10, "the 10 largest probabilities all alike"),
        ([0.5, 1.5], 2, "elicitation probabilities outside 0 … 1"),
        ([], 2, "or none"),
        ([0.5] * 50, 1, "found k = 1"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(p: list[float], k: int, words: str) -> None:
    """Too few non-zero values, no spread, impossible values."""
    with pytest.raises(BadInput, match=words):
        largest(p, 1000, k)


def test_a_volume_below_the_evaluation_is_refused() -> None:
    """A forecast looks forward."""
    with pytest.raises(BadInput, match="at least the 1000 that were evaluated"):
        largest(queries(np.random.default_rng(0), 4.0, N), 10)


@given(st.floats(1.5, 20), st.integers(0, 50), st.integers(1, 3))
def test_more_queries_never_lower_a_forecast(rate: float, seed: int, orders: int) -> None:
    """In order, inside 0 … 1, the same for the same seed, and not falling with the volume."""
    p = queries(np.random.default_rng(seed), rate, 200)
    near, far = largest(p, 1000), largest(p, 1000 * 10**orders)
    assert 0 <= far.low <= far.value <= far.high <= 1
    assert near.value <= far.value and near.high <= far.high
    assert largest(p, 1000) == near


@given(st.floats(1e-12, 1 - 1e-9))
def test_the_scale_goes_there_and_back(p: float) -> None:
    """ψ and its inverse undo each other."""
    assert float(from_psi(psi(p))) == pytest.approx(p, rel=1e-6)
