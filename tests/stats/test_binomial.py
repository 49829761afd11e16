"""Intervals against two peer libraries, closed forms and exact enumeration of their coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from drillyard.errors import BadInput
from drillyard.stats import clopper_pearson, jeffreys, lower_bound, upper_bound, wilson

INTERVALS = (clopper_pearson, wilson, jeffreys)
ALL = (*INTERVALS, upper_bound, lower_bound)
CASES = [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (1, 250), (249, 250), (5000, 10_000)]
CONFIDENCES = (0.5, 0.9, 0.95, 0.999)
# Peers invert the same functions along other paths: agreement is to rounding, not to the bit.
ROUNDING = 1e-9

counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
confidences = st.floats(0.5, 0.9999)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize(("k", "n"), CASES)
def test_clopper_pearson_and_wilson_agree_with_scipy(k: int, n: int, confidence: float) -> None:
    """The exact and the score interval are those of scipy.stats.binomtest."""
    for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
        peer = binomtest(k, n).proportion_ci(confidence, method=method)
        found = ours(k, n, confidence)
        assert (found.low, found.high) == pytest.approx((peer.low, peer.high), abs=ROUNDING)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize(("k", "n"), CASES)
def test_intervals_agree_with_statsmodels(k: int, n: int, confidence: float) -> None:
    """All three intervals are those of statsmodels, but for the ends that the 2001 convention sets to 0 and 1."""
    for ours, method in ((clopper_pearson, "beta"), (wilson, "wilson"), (jeffreys, "jeffreys")):
        low, high = proportion_confint(k, n, alpha=1 - confidence, method=method)
        found = ours(k, n, confidence)
        assert found.low == (0.0 if k == 0 else pytest.approx(low, abs=ROUNDING))
        assert found.high == (1.0 if k == n else pytest.approx(high, abs=ROUNDING))


@pytest.mark.parametrize("n", [1, 2, 20, 59, 1000])
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_zero_events_give_the_closed_form_bound(n: int, confidence: float) -> None:
    """No event in n observations bounds the share by 1 − α^(1/n); all events mirror it."""
    bound = 1 - (1 - confidence) ** (1 / n)
    assert upper_bound(0, n, confidence).high == pytest.approx(bound, abs=ROUNDING)
    assert lower_bound(n, n, confidence).low == pytest.approx(1 - bound, abs=ROUNDING)


@pytest.mark.parametrize(("k", "n"), CASES)
def test_one_sided_bounds_agree_with_scipy(k: int, n: int) -> None:
    """Both bounds are those of scipy.stats.binomtest with a one-sided alternative."""
    high = binomtest(k, n, alternative="less").proportion_ci(0.95).high
    low = binomtest(k, n, alternative="greater").proportion_ci(0.95).low
    assert upper_bound(k, n).high == pytest.approx(high, abs=ROUNDING)
    assert lower_bound(k, n).low == pytest.approx(low, abs=ROUNDING)


@pytest.mark.parametrize("interval", ALL)
def test_no_observation_gives_the_whole_range(interval) -> None:
    """With n = 0 nothing is known, and the estimate says so."""
    found = interval(0, 0)
    assert (found.low, found.high, found.n) == (0.0, 1.0, 0)


@pytest.mark.parametrize("n", [1, 7, 30, 100])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_clopper_pearson_covers_every_true_share(n: int, confidence: float) -> None:
    """Summed over all outcomes, the exact interval holds the true share at least as often as it says."""
    intervals = [clopper_pearson(k, n, confidence) for k in range(n + 1)]
    # Coverage jumps down just beside an interval's end, so the worst places are tried, not only a grid.
    ends = np.array([end for found in intervals for end in (found.low, found.high)])
    shares = np.clip(np.concatenate([ends - 1e-9, ends + 1e-9, np.linspace(0, 1, 201)]), 0, 1)
    low, high = (np.array([getattr(found, side) for found in intervals])[:, None] for side in ("low", "high"))
    chance = binom.pmf(np.arange(n + 1)[:, None], n, shares)
    coverage = (chance * ((low <= shares) & (shares <= high))).sum(axis=0)
    assert coverage.min() >= confidence - 1e-6  # the 1e-9 step beside an end, times the slope of the tail


@pytest.mark.parametrize("interval", [wilson, jeffreys])
def test_shorter_intervals_cover_on_average(interval) -> None:
    """Wilson and Jeffreys hold their confidence on average over the true share, and dip below it at some."""
    n, shares = 40, np.linspace(0.0005, 0.9995, 1000)
    intervals = [interval(k, n) for k in range(n + 1)]
    low, high = (np.array([getattr(found, side) for found in intervals])[:, None] for side in ("low", "high"))
    coverage = (binom.pmf(np.arange(n + 1)[:, None], n, shares) * ((low <= shares) & (shares <= high))).sum(axis=0)
    # Brown, Cai and DasGupta 2001, figure 5: both stay within a point of 95 % on average at this n.
    assert coverage.mean() == pytest.approx(0.95, abs=0.01)
    assert coverage.min() < 0.95


@given(counts, confidences)
def test_every_estimate_holds_its_own_value(count: tuple[int, int], confidence: float) -> None:
    """Low ≤ k / n ≤ high inside 0 … 1, and the estimate knows its n and its method."""
    k, n = count
    for interval in ALL:
        found = interval(k, n, confidence)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.n == n and found.method.endswith("%")
        assert n == 0 or math.isclose(found.value, k / n)


@given(counts, confidences)
def test_intervals_mirror_when_events_and_non_events_swap(count: tuple[int, int], confidence: float) -> None:
    """Counting the opposite event turns every interval around."""
    k, n = count
    for one, other in (*((f, f) for f in INTERVALS), (upper_bound, lower_bound)):
        there, back = one(k, n, confidence), other(n - k, n, confidence)
        assert (there.low, there.high) == pytest.approx((1 - back.high, 1 - back.low), abs=ROUNDING)


@given(counts, st.floats(0.5, 0.99))
def test_more_confidence_never_narrows_an_interval(count: tuple[int, int], confidence: float) -> None:
    """A surer statement is a wider one."""
    for interval in ALL:
        narrow, wide = interval(*count, confidence), interval(*count, confidence + 0.005)
        assert wide.low <= narrow.low + ROUNDING and narrow.high <= wide.high + ROUNDING


@pytest.mark.parametrize("interval", ALL)
@pytest.mark.parametrize(
    ("k", "n", "confidence"),
    [(-1, 10, 0.95), (11, 10, 0.95), (0, -1, 0.95), (1, 10, 1.0), (1, 10, 0.4), (1, 10, math.nan)],
)
def test_impossible_input_is_refused(interval, k: int, n: int, confidence: float) -> None:
    """Impossible counts and confidences get one line that says what was found and expected."""
    with pytest.raises(BadInput, match=r"found .*, expected "):
        interval(k, n, confidence)
