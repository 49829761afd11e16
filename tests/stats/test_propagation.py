"""Products keep at least their confidence; ranks move as far as intervals overlap, and no further."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import record

from drillyard.records import Estimate
from drillyard.stats import clopper_pearson
from drillyard.stats.propagation import product, rank_ranges


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.3), (0.02, 0.05, 1.0), (0.9, 0.9, 0.9)])
def test_a_product_covers(shares: tuple[float, ...]) -> None:
    """Three shares, each from 100 observations: the product of the intervals holds the true product in 95 % or more."""
    rng, truth = np.random.default_rng(1), float(np.prod(shares))
    held = 0
    for _ in range(400):
        found = product(*(clopper_pearson(int(rng.binomial(100, share)), 100) for share in shares), scale=1000)
        held += found.low <= 1000 * truth <= found.high
    assert held / 400 >= 0.95


def test_zero_hits_keep_a_bound() -> None:
    """Nothing seen, half exposed, 1,000 uses: a value of 0 and an upper end above it."""
    found = product(clopper_pearson(0, 50), clopper_pearson(50, 100), scale=1000)
    assert found.value == found.low == 0 and found.high > 30 and found.n == 50


estimates = st.lists(record(Estimate), min_size=1, max_size=6)


@given(estimates)
def test_ranks_are_those_of_every_possible_order(values: list[Estimate]) -> None:
    """Checked against all combinations of ends: the best and worst rank that any of them gives."""
    corners = list(itertools.product(*[(one.low, one.high) for one in values]))
    for place, (best, at, worst) in enumerate(rank_ranges(values)):
        ranks = [1 + sum(x > corner[place] for x in corner) for corner in corners]
        assert (best, worst) == (min(ranks), max(ranks))
        assert best <= at <= worst
