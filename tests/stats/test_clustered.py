"""Clustered bounds: the worst case by algebra, the effect of clusters by simulation, the plain one without them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.stats import clopper_pearson, clustered_share, clustered_zero_bound, upper_bound
from drillyard.stats.clustered import effective_number, intraclass


def test_zero_hits_count_clusters_not_replies() -> None:
    """59 prompts of ten replies each without a hit: the bound of 59 observations, 5 %, not that of 590."""
    found = clustered_share([0] * 59, [10] * 59)
    assert found == clustered_zero_bound(59)
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


@pytest.mark.parametrize("correlation", [0.05, 0.3, 0.8])
def test_the_interval_covers_where_replies_of_a_prompt_are_alike(correlation: float) -> None:
    """Beta-binomial prompts, 60 of 8 replies at a rate of 0.2: at least 92 %; the plain interval falls far below."""
    rng, mean = np.random.default_rng(3), 0.2
    a, b = (x * (1 - correlation) / correlation for x in (mean, 1 - mean))
    held = plain = 0
    for _ in range(400):
        hits = rng.binomial(8, rng.beta(a, b, 60)).tolist()
        found, naive = clustered_share(hits, [8] * 60), clopper_pearson(sum(hits), 480)
        held += found.low <= mean <= found.high
        plain += naive.low <= mean <= naive.high
    assert held / 400 >= 0.92
    assert plain < held and (correlation < 0.3 or plain / 400 < 0.85)


def test_the_correlation_is_that_of_a_one_way_analysis_of_variance() -> None:
    """By hand: 3 of 4 and 1 of 4 give mean squares 1/2 and 1/4, and ρ = (1/2 − 1/4) / (1/2 + 3/4)."""
    assert intraclass([3, 1], [4, 4]) == pytest.approx(0.2)
    assert intraclass([4, 0, 4], [4, 4, 4]) == pytest.approx(1.0)


def test_one_reply_per_prompt_is_the_plain_interval() -> None:
    """Clusters of one are independent observations."""
    found, plain = clustered_share([1, 0, 0, 1, 0], [1] * 5), clopper_pearson(2, 5)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30))
def test_clusters_never_narrow_an_interval(pairs: list[tuple[int, int]]) -> None:
    """Whatever the clusters, the interval is in order and no narrower than that of independent observations."""
    hits, sizes = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
    found, plain = clustered_share(hits, sizes), clopper_pearson(sum(hits), sum(sizes))
    assert 0 <= found.low <= found.value <= found.high <= 1
    if sum(hits):
        assert found.high >= plain.high - 1e-9 and found.low <= plain.low + 1e-9


def test_lists_that_do_not_match_are_one_line() -> None:
    """More hits than replies, or another number of sizes."""
    for hits, sizes in (([2], [1]), ([1, 1], [2])):
        with pytest.raises(BadInput, match="as many sizes as hits"):
            clustered_share(hits, sizes)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted), min_size=1, max_size=30))
def test_the_effective_number_lies_between_clusters_and_observations(pairs: list[list[int]]) -> None:
    """Also with empty clusters, with no hit and with hits only."""
    hits, sizes = [k for k, _ in pairs], [n for _, n in pairs]
    assert sum(n > 0 for n in sizes) <= effective_number(hits, sizes) + 1e-9
    assert effective_number(hits, sizes) <= sum(sizes) + 1e-9


def test_the_effective_number_at_its_ends() -> None:
    """Clusters that are all hits or all misses count once each; replies without likeness count each."""
    assert effective_number([8, 0, 8, 0], [8] * 4) == pytest.approx(4)
    assert effective_number([4, 4, 4, 4], [8] * 4) == pytest.approx(32)
    assert effective_number([], []) == 0
