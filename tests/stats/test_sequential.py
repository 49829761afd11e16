"""Sequential tests: error rates and sample numbers by exact enumeration, evidence as a martingale."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.stats import Sprt, clopper_pearson, confidence_sequence
from drillyard.stats.sequential import log_evidence


def run(test: Sprt, rate: float) -> tuple[dict[str, float], float]:
    """Return the probability of every decision at a true rate, and the mean number of observations, by enumeration."""
    alive, ended, mean = {0: 1.0}, defaultdict(float), 0.0
    for n in range(1, test.most + 1):
        after: dict[int, float] = defaultdict(float)
        for hits, chance in alive.items():
            after[hits + 1] += chance * rate
            after[hits] += chance * (1 - rate)
        alive = {}
        for hits, chance in after.items():
            decision = test.decide(hits, n)
            if decision == "more":
                alive[hits] = chance
            else:
                ended[decision] += chance
                mean += n * chance
        if not alive:
            break
    return ended, mean


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.3), (0.02, 0.1), (0.2, 0.8)])
def test_error_rates_are_as_promised(low: float, high: float) -> None:
    """Both errors stay below Wald's α / (1 − β); at the default of 1,000 observations next to nothing stays open."""
    test = Sprt(low=low, high=high)
    at_low, at_high = run(test, low)[0], run(test, high)[0]
    assert at_low["holds"] <= 0.05 / 0.95 and at_high["gone"] <= 0.05 / 0.95
    assert at_low["unknown"] + at_high["unknown"] < 0.01


def test_it_needs_fewer_observations_than_a_fixed_number() -> None:
    """Between 0.05 and 0.3 it takes about Wald's expected number, under half of the 40 that a fixed test needs."""
    test = Sprt(low=0.05, high=0.3)
    up, down = math.log(0.95 / 0.05), math.log(0.05 / 0.95)
    drift = 0.3 * math.log(0.3 / 0.05) + 0.7 * math.log(0.7 / 0.95)
    wald = (0.95 * up + 0.05 * down) / drift
    mean = run(test, 0.3)[1]
    assert wald <= mean <= 1.35 * wald  # Wald leaves the overshoot out, which costs about one observation
    assert mean < 20


def test_what_stays_between_is_unknown() -> None:
    """A limit on observations ends in unknown, not in a guess."""
    test = Sprt(low=0.05, high=0.3, most=10)
    assert [test.decide(1, n) for n in (9, 10)] == ["more", "unknown"]


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("n", [1, 7, 40])
def test_evidence_against_the_truth_is_a_fair_bet(rate: float, n: int) -> None:
    """Its expectation under the true rate is 1 after any number of observations."""
    total = sum(
        math.comb(n, k) * math.exp(k * math.log(rate) + (n - k) * math.log1p(-rate) + log_evidence(k, n, rate))
        for k in range(n + 1)
    )
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.5])
def test_the_sequence_holds_at_all_times_at_once(rate: float) -> None:
    """In 400 runs of 30 looks the truth leaves it in at most 5 %; intervals for a fixed n lose it more often."""
    rng = np.random.default_rng(5)
    lost = fixed = 0
    ends = {}
    for _ in range(400):
        hits = np.cumsum(rng.random(300) < rate)
        looks = [(int(k), n) for n, k in enumerate(hits, start=1) if n % 10 == 0]
        for look in looks:
            if look not in ends:
                always, once = confidence_sequence(*look), clopper_pearson(*look)
                ends[look] = (always.low <= rate <= always.high, once.low <= rate <= once.high)
        lost += not all(ends[look][0] for look in looks)
        fixed += not all(ends[look][1] for look in looks)
    assert lost / 400 <= 0.05
    assert fixed / 400 > 0.08


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_sequence_is_in_order_and_wider_than_a_fixed_interval(pair: tuple[int, int]) -> None:
    """In order, low ≤ value ≤ high, and never shorter than Clopper–Pearson by more than rounding."""
    found, fixed = confidence_sequence(*pair), clopper_pearson(*pair)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low >= fixed.high - fixed.low - 1e-9


def test_bad_settings_are_one_line() -> None:
    """Rates the wrong way round, error rates of a half or more, more hits than observations."""
    for options in ({"low": 0.3, "high": 0.1}, {"low": 0.1, "high": 0.3, "alpha": 0.5}):
        with pytest.raises(BadInput, match="expected"):
            Sprt(**options)
    with pytest.raises(BadInput, match="0 ≤ hits ≤ n"):
        Sprt(low=0.1, high=0.3).decide(3, 2)
