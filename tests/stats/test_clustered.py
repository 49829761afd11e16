"""Clustered bounds: the worst case by algebra, the effect of clusters by simulation, the plain one without them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.stats import clustered_zero_bound, upper_bound
from drillyard.stats.clustered import effective_number, intraclass


def test_zero_hits_count_clusters_not_replies() -> None:
    """59 prompts of ten replies each without a hit: the bound of 59 observations, 5 %, not that of 590."""
    found = clustered_zero_bound(59)
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 59)) and found.low == found.value == 0
    assert found.high > 5 * upper_bound(0, 590).high


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_the_zero_bound_holds_whatever_the_correlation(alike: float) -> None:
    """The chance of no hit in 30 clusters is at most 5 % when the true rate is the bound, for every mix of clusters.

    A cluster's rate is 0 or 1 with probability `alike`, else the mean: E[(1 − P)^10] in closed form.
    """
    bound = clustered_zero_bound(30).high
    none = alike * (1 - bound) + (1 - alike) * (1 - bound) ** 10
    assert none**30 <= 0.05 + 1e-12


@pytest.mark.parametrize("sizes", [[8] * 40, [1, 2, 3, 40] * 10, [4] * 30 + [40] * 2])
@pytest.mark.parametrize("correlation", [0.1, 0.5])
def test_the_effective_number_is_that_of_the_variance(sizes: list[int], correlation: float) -> None:
    """Beta-binomial clusters of unequal sizes: the share varies as that of so many independent observations.

    20,000 simulated samples of each; the variance is then known to 2 %, and the median of the effective numbers, which
    rest on an estimated correlation, is held to a third.
    """
    rng, mean = np.random.default_rng(3), 0.3
    a, b = (x * (1 - correlation) / correlation for x in (mean, 1 - mean))
    hits = rng.binomial(sizes, rng.beta(a, b, (20_000, len(sizes))))
    worth = mean * (1 - mean) / (hits.sum(1) / sum(sizes)).var()
    found = np.median([effective_number(one, sizes) for one in hits[:300].tolist()])
    assert worth == pytest.approx(
        sum(sizes) / (1 + (sum(n * n for n in sizes) / sum(sizes) - 1) * correlation), rel=0.04
    )
    assert worth / 1.35 < found < 1.35 * worth


def test_the_correlation_is_that_of_a_one_way_analysis_of_variance() -> None:
    """By hand: 3 of 4 and 1 of 4 give mean squares 1/2 and 1/4, and ρ = (1/2 − 1/4) / (1/2 + 3/4)."""
    assert intraclass([3, 1], [4, 4]) == pytest.approx(0.2)
    assert intraclass([4, 0, 4], [4, 4, 4]) == pytest.approx(1.0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted), min_size=1, max_size=30))
def test_the_effective_number_lies_between_its_ends(pairs: list[list[int]]) -> None:
    """From n² / Σ size² to n, also with empty clusters, with no hit and with hits only."""
    hits, sizes = [k for k, _ in pairs], [n for _, n in pairs]
    least = sum(sizes) ** 2 / max(1, sum(n * n for n in sizes))
    assert least <= effective_number(hits, sizes) + 1e-9
    assert effective_number(hits, sizes) <= sum(sizes) + 1e-9


def test_the_effective_number_at_its_ends() -> None:
    """Clusters all hits or all misses count once each, a large one more; replies without likeness count each."""
    assert effective_number([90, 0, 5, 0], [90, 5, 5, 5]) == pytest.approx(105**2 / (90**2 + 75))
    assert effective_number([8, 0, 8, 0], [8] * 4) == pytest.approx(4)
    assert effective_number([4, 4, 4, 4], [8] * 4) == pytest.approx(32)
    assert effective_number([], []) == 0
