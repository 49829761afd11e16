"""The mean of bounded numbers: its interval against closed forms, Hoeffding's, and its own promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.stats import bounded_mean


def hoeffding(n: int) -> float:
    """Return half the width of Hoeffding's two-sided 95 % interval for numbers in 0 … 1."""
    return math.sqrt(math.log(2 / 0.05) / (2 * n))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_never_wider_than_hoeffding(values: list[float]) -> None:
    """The interval holds the mean and lies within Hoeffding's, cut to the ends."""
    told, mean = bounded_mean(values, 0, 1), math.fsum(values) / len(values)
    assert told.low <= told.value <= told.high and told.value == pytest.approx(mean)
    assert told.low >= mean - hoeffding(len(values)) - 1e-9 and told.high <= mean + hoeffding(len(values)) + 1e-9


def test_equal_values_give_the_closed_form() -> None:
    """For n values of ½ the low end is ½ (1 − ε) and the high end ½ (1 + ε), with Massart's ε."""
    told, band = bounded_mean([0.5] * 50, 0, 1), hoeffding(50)
    assert told.low == pytest.approx(0.5 * (1 - band)) and told.high == pytest.approx(0.5 * (1 + band))


def test_the_true_mean_is_held() -> None:
    """Over 400 experiments with a skewed distribution the interval holds the true mean in at least 95 %."""
    rng = np.random.default_rng(7)
    held = [
        told.low <= 0.2 <= told.high for told in (bounded_mean(list(rng.beta(0.5, 2, 40)), 0, 1) for _ in range(400))
    ]
    assert sum(held) / len(held) >= 0.95


def test_unknown_values_count_both_ways() -> None:
    """They pull the low end down and the high end up; alone they leave the whole range."""
    known, more = bounded_mean([0.5] * 20, 0, 1), bounded_mean([0.5] * 20, 0, 1, unknown=5)
    assert more.low < known.low and more.high > known.high and more.n == 25 and "5 unknown" in more.method
    assert more.value == pytest.approx(0.4)
    alone = bounded_mean([], 1, 5, unknown=3)
    assert (alone.low, alone.high) == (1, 5)


def test_scale_does_not_matter() -> None:
    """Stretching the ends stretches the interval."""
    one, other = bounded_mean([0.1, 0.7, 0.9], 0, 1), bounded_mean([1, 7, 9], 0, 10)
    assert [other.low, other.value, other.high] == pytest.approx([10 * one.low, 10 * one.value, 10 * one.high])


def test_no_value_is_no_observation() -> None:
    """N = 0 leaves the whole range, and values outside the ends are refused."""
    assert bounded_mean([], 0, 1).n == 0
    with pytest.raises(BadInput, match="found the value 2"):
        bounded_mean([2.0], 0, 1)
    with pytest.raises(BadInput, match="low ≤ high"):
        bounded_mean([], 1, 0)
