"""Conformal thresholds and the drift watch, against published values, closed forms and simulation."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from drillyard.errors import BadInput
from drillyard.stats.conformal import (
    allowed_alarms,
    chance_above,
    conformal_rank,
    conformal_threshold,
    fewest_calibration,
    realised_rate,
)
from drillyard.stats.martingale import DriftWatch


def test_fewest_calibration_scores_are_one_over_alpha_less_one() -> None:
    """A threshold that lets nothing pass is the least that a small set can give."""
    rates = {0.1: 9, 0.05: 19, 0.01: 99, 0.005: 199, 0.001: 999, 0.0005: 1999}
    assert {rate: fewest_calibration(rate) for rate in rates} == rates
    for rate, fewest in rates.items():
        assert conformal_rank(fewest, rate) == fewest
        with pytest.raises(BadInput, match=f"at least {fewest}; add 1 more"):
            conformal_rank(fewest - 1, rate)


def test_rank_is_that_of_the_published_example() -> None:
    """200 normal quantiles at 5 %: k = 191, tau = 1.669593, and 22 of 50 shifted positives pass."""
    scores = [float(stats.norm.ppf((i - 0.5) / 200)) for i in range(1, 201)]
    positives = [1.5 + float(stats.norm.ppf((i - 0.5) / 50)) for i in range(1, 51)]
    tau = conformal_threshold(scores, 0.05)
    assert conformal_rank(200, 0.05) == 191
    assert tau == pytest.approx(1.669593, abs=1e-6)
    assert sum(one > tau for one in positives) == 22


def test_realised_rate_follows_the_beta_law() -> None:
    """Coverage of 95 % of calibration sets, and how many are half as bad again, at 1 %."""
    for n, low, high, worse in ((1000, 0.98298, 0.99519, 0.068), (10_000, 0.98796, 0.99186, 5e-6)):
        band = realised_rate(n, 0.01)
        assert (1 - band.high, 1 - band.low) == pytest.approx((low, high), abs=6e-6)
        assert chance_above(n, 0.01, 0.015) == pytest.approx(worse, rel=0.05)


@pytest.mark.parametrize(("n", "within"), [(22, 0.1), (102, 0.05), (2491, 0.01), (9812, 0.005), (244_390, 0.001)])
def test_published_sizes_keep_the_rate_near_ten_percent(n: int, within: float) -> None:
    """Angelopoulos and Bates' table 1: with so many scores, nine calibrations in ten lie so near."""
    band = realised_rate(n, 0.1, confidence=0.9)
    assert 0.1 - within <= band.low and band.high <= 0.1 + within


def test_allowed_alarms_are_the_exact_binomial_bound() -> None:
    """How many alarms a fixed threshold may give for "at most alpha, 95 % sure"."""
    cases = {(1000, 0.01): 4, (10_000, 0.01): 83, (10_000, 0.001): 4, (100_000, 0.001): 83}
    assert {case: allowed_alarms(*case) for case in cases} == cases
    assert allowed_alarms(298, 0.01) == -1 and allowed_alarms(299, 0.01) == 0


def test_whole_replies_are_the_unit_and_tokens_are_not() -> None:
    """A threshold on tokens at 1 % blocks nearly every reply of 50 to 800 tokens; one on their largest blocks 1 %."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(50, 801, 6000)
    largest = np.array([rng.standard_normal(n).max() for n in lengths])
    token = conformal_threshold(list(rng.standard_normal(20_000)), 0.01)
    whole = conformal_threshold(list(largest[:2000]), 0.01)
    assert pytest.approx(0.394, abs=5e-4) == 1 - 0.999**500
    assert (largest[2000:] > token).mean() > 0.9
    assert (largest[2000:] > whole).mean() < 0.02


@given(st.integers(99, 400), st.sampled_from([0.01, 0.05, 0.2]), st.randoms(use_true_random=False))
def test_threshold_leaves_at_most_its_share_above(n: int, alpha: float, rng: random.Random) -> None:
    """Of n + 1 exchangeable scores at most a share alpha has a rank above k, ties or not."""
    scores = [rng.choice([rng.random(), 0.5]) for _ in range(n)]
    tau = conformal_threshold(scores, alpha)
    assert sum(score > tau for score in scores) <= (n + 1) * alpha + 1e-9


def test_threshold_refuses_what_is_no_number() -> None:
    """A score that is not finite has no rank."""
    with pytest.raises(BadInput, match="no finite number"):
        conformal_threshold([0.1] * 200 + [float("nan")], 0.05)


def test_bets_multiply_to_a_martingale() -> None:
    """Over all p-values the next capital is the present one on average, wherever the bets stand."""
    watch = DriftWatch([0.0])
    for p in (0.1, 0.2, 0.9, 0.05):
        watch.bet(p)
    states = []
    for p in np.linspace(0.005, 0.995, 100):
        other = DriftWatch([0.0])
        other._parts, other.capital = list(watch._parts), watch.capital
        states.append(other.bet(float(p)))
    assert np.mean(states) == pytest.approx(watch.capital, rel=1e-9)
    assert all(a >= b for a, b in pairwise(states)) or all(a <= b for a, b in pairwise(states))


def test_drift_watch_is_quiet_without_a_drift_and_loud_with_one() -> None:
    """At most 1 stream in 20 alarms at delta 0.05 by Ville; scores that move by one deviation are seen within 200."""
    rng = random.Random(1)
    false = 0
    for seed in range(60):
        watch = DriftWatch([rng.gauss(0, 1) for _ in range(200)], delta=0.05, seed=seed)
        for _ in range(150):
            watch.update(rng.gauss(0, 1))
        false += watch.alarmed
    assert false <= stats.binom.ppf(0.999, 60, 0.05)
    watch = DriftWatch([rng.gauss(0, 1) for _ in range(200)], delta=0.01)
    for _ in range(200):
        watch.update(rng.gauss(1, 1))
    assert watch.alarmed and watch.seen == 200


def test_drift_watch_sees_scores_that_fall_too() -> None:
    """A guard that has gone blind gives low scores: as much of a drift as high ones."""
    rng = random.Random(2)
    watch = DriftWatch([rng.gauss(0, 1) for _ in range(200)])
    for _ in range(200):
        watch.update(rng.gauss(-1, 1))
    assert watch.alarmed
