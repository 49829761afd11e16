"""The share behind labels by strata: it covers where a normal interval does not, and says how many labels it needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.stats import Stratum, allot, clopper_pearson, expected_reach, stratified_share, wilson

GUESS = {"shown": 0.8, "absent": 0.05}


def simulate(rate: float, se: float, sp: float, labels: int, replies: int, repeats: int = 400) -> tuple[float, float]:
    """Return how often the interval covers the true rate, and its mean half width."""
    rng, covered, reach = np.random.default_rng(7), 0, 0.0
    for _ in range(repeats):
        truth = rng.random(replies) < rate
        flagged = np.where(truth, rng.random(replies) < se, rng.random(replies) > sp)
        groups = {"shown": truth[flagged], "absent": truth[~flagged]}
        sizes = {name: Stratum(size=len(group)) for name, group in groups.items()}
        given_ = allot(sizes, labels, GUESS)
        drawn = {name: rng.permutation(groups[name])[: given_[name]] for name in groups}
        strata = [
            Stratum(size=len(groups[name]), shown=int(drawn[name].sum()), absent=int((~drawn[name]).sum()))
            for name in groups
        ]
        share = stratified_share(strata)
        covered += share.low <= rate <= share.high
        reach += (share.high - share.low) / 2
    return covered / repeats, reach / repeats


@pytest.mark.parametrize("rate", [0.03, 0.2, 0.6])
@pytest.mark.parametrize(("se", "sp"), [(0.9, 0.95), (0.7, 0.85)])
@pytest.mark.parametrize("labels", [50, 100])
def test_the_interval_covers_where_few_failures_are_expected(rate: float, se: float, sp: float, labels: int) -> None:
    """In every cell of the published table; .93 leaves three standard errors of 400 repeats below .95."""
    covered, _ = simulate(rate, se, sp, labels, 400)
    assert covered >= 0.93


def test_a_good_judge_saves_labels() -> None:
    """At moderate rates the interval is narrower than that of as many labels alone."""
    alone = wilson(20, 100)
    assert simulate(0.2, 0.9, 0.95, 100, 2000, 100)[1] < 0.85 * (alone.high - alone.low) / 2


def test_without_labels_everything_is_possible() -> None:
    """No label at all, and one stratum without any: its whole weight is open."""
    nothing = stratified_share([Stratum(size=10), Stratum(size=30)])
    assert nothing.unknown and nothing.n == 0
    some = stratified_share([Stratum(size=50, absent=50), Stratum(size=50)])
    assert some.low < 0.01 and some.high > 0.5  # half of the weight is open


def test_what_nobody_looked_at_is_no_error_that_cancels_out() -> None:
    """Beside a stratum without a label the ends are those of the other one, weighted, with all or none of the rest."""
    known = clopper_pearson(1, 1)
    share = stratified_share([Stratum(size=40, shown=1), Stratum(size=20)])
    assert share.low <= known.low * 40 / 60 + 1e-9 and share.high == 1
    rng, held = np.random.default_rng(5), 0
    for _ in range(400):  # the stratum without labels never shows it
        shown = int(rng.binomial(12, 0.9))
        found = stratified_share([Stratum(size=200, shown=shown, absent=12 - shown), Stratum(size=100)])
        held += found.low <= 0.6 <= found.high
    assert held >= 0.95 * 400 - 3 * (0.95 * 0.05 * 400) ** 0.5


def test_unsure_labels_widen_both_ways() -> None:
    """A label that decides nothing counts against either end."""
    sure = stratified_share([Stratum(size=100, shown=10, absent=10)])
    unsure = stratified_share([Stratum(size=100, shown=10, absent=10, unsure=10)])
    assert unsure.low < sure.low and unsure.high > sure.high and unsure.value == sure.value


def test_more_labels_than_replies_are_refused() -> None:
    """A reply counts once."""
    with pytest.raises(BadInput, match="more labels than replies"):
        stratified_share([Stratum(size=3, shown=4)])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=4))
def test_an_interval_is_ordered_and_more_labels_are_never_expected_to_hurt(parts: list[tuple[int, int, int]]) -> None:
    """Whatever the counts: 0 ≤ low ≤ value ≤ high ≤ 1, all labels are given out, and none to a stratum that is full."""
    strata = {str(i): Stratum(size=a + b + c, shown=b, absent=c) for i, (a, b, c) in enumerate(parts)}
    share = stratified_share(list(strata.values()))
    assert 0 <= share.low <= share.value <= share.high <= 1
    given_ = allot(strata, 15, {})
    assert sum(given_.values()) == min(15, sum(one.size - one.labels for one in strata.values()))
    assert all(given_[name] <= one.size - one.labels for name, one in strata.items())


def test_the_plan_is_kept() -> None:
    """The width that is told beforehand is about that which comes out."""
    strata = {"shown": Stratum(size=200), "absent": Stratum(size=200)}
    planned = expected_reach(strata, 100, {"shown": 0.8, "absent": 0.2})
    got = stratified_share([Stratum(size=200, shown=40, absent=10), Stratum(size=200, shown=10, absent=40)])
    assert planned == pytest.approx((got.high - got.low) / 2, rel=0.15)
    assert expected_reach(strata, 400, {}) < planned < expected_reach(strata, 25, {})
