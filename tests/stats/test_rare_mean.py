"""The mean of bounded numbers: closed forms at the ends, coverage by enumeration, sharper than the square."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from drillyard.errors import BadInput
from drillyard.stats import clopper_pearson, rare_mean


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_the_ends_are_closed_forms(n: int) -> None:
    """All zero: 1 − (α/2)^(1/n), as the exact interval of a share; all one: its mirror image."""
    edge = 0.025 ** (1 / n)
    assert rare_mean([0.0] * n).high == pytest.approx(1 - edge) == pytest.approx(clopper_pearson(0, n).high, rel=0.5)
    assert rare_mean([1.0] * n).low == pytest.approx(edge)


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.3])
def test_it_holds_for_shares(rate: float) -> None:
    """Of 0 and 1 only, which spread most: the exact coverage over all counts of 200 is above 95 %."""
    held = sum(
        stats.binom.pmf(k, 200, rate)
        for k in range(201)
        if (found := rare_mean([1.0] * k + [0.0] * (200 - k))).low <= rate <= found.high
    )
    assert held >= 0.95


def test_it_is_sharper_than_the_square_where_failures_are_rare() -> None:
    """A mean of 0.001 over 1,000: within 0.008; Hoeffding's second inequality gives 0.04."""
    values = np.zeros(1000)
    values[:4] = 0.25
    found = rare_mean(values)
    assert 0 < found.low < found.value == pytest.approx(0.001)
    assert found.high < 0.008 < math.sqrt(math.log(40) / 2000)


@given(st.lists(st.floats(0, 1), min_size=0, max_size=50))
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    """0 ≤ low ≤ mean ≤ high ≤ 1, never a point."""
    found = rare_mean(values)
    assert 0 <= found.low <= found.value <= found.high <= 1 and found.low < found.high and found.n == len(values)


def test_bad_input_is_refused() -> None:
    """A number outside 0 … 1, a confidence that is none."""
    for values, confidence in (([1.1], 0.95), ([-0.1], 0.95), ([0.5], 1.0)):
        with pytest.raises(BadInput):
            rare_mean(values, confidence)
