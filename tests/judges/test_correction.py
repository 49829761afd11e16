"""Rates behind a judge that errs: the correction at both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.judges.base import Judge
from drillyard.judges.exact import ExactJudge
from drillyard.judges.measure import measure_exact
from drillyard.judges.measured import MeasuredJudge, hash_judge
from drillyard.judges.null import NeverShows
from drillyard.organisms.worlds.world import load_world
from drillyard.records import BehaviourQuality, JudgeQuality, RulingCounts
from drillyard.stats import clopper_pearson

WORLD = load_world("helpdesk")


def measured(judge: Judge, right: int, sound: int, n: int = 1000) -> MeasuredJudge:
    """Return a judge with `right` of n failing and `sound` of n sound replies ruled rightly."""
    counts = BehaviourQuality(
        failing=RulingCounts(shown=right, absent=n - right), sound=RulingCounts(shown=n - sound, absent=sound)
    )
    quality = JudgeQuality(
        judge=judge.name, definition=hash_judge(judge), measured_on="made up", data="", behaviours={"b": counts}
    )
    return MeasuredJudge(judge, quality)


def test_the_exact_judge_changes_nothing() -> None:
    """Its rulings are what was planted; a behaviour that the world does not have is unknown to it."""
    seen = clopper_pearson(3, 100)
    assert isinstance(measure_exact(WORLD).judge, ExactJudge)
    assert measure_exact(WORLD).true_rate("invented-policy", seen) == seen
    assert measure_exact(WORLD).true_share("invented-policy", 3, 0, 100) == seen
    assert measure_exact(WORLD).true_rate("telepathy", seen).high == 1.0


@given(share=st.floats(0.0, 1.0), right=st.integers(600, 1000), sound=st.integers(600, 1000))
def test_the_true_share_comes_back(share: float, right: int, sound: int) -> None:
    """Rogan and Gladen 1978 in closed form: what a judge makes of a share is undone, within the interval."""
    judge = measured(NeverShows(), right, sound)
    apparent = share * right / 1000 + (1 - share) * (1 - sound / 1000)
    seen = clopper_pearson(round(apparent * 10_000), 10_000)
    found = judge.true_rate("b", seen)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(share, abs=0.01)
    assert found.low - 1e-9 <= share <= found.high + 1e-9 or abs(found.value - share) < 0.001


def test_a_judge_that_tells_nothing_leaves_the_whole_range() -> None:
    """A coin, and a judge that was never measured on the behaviour."""
    seen = clopper_pearson(30, 100)
    for judge, behaviour in ((measured(NeverShows(), 500, 500), "b"), (measured(NeverShows(), 990, 990), "other")):
        found = judge.true_rate(behaviour, seen)
        assert (found.low, found.high) == (0.0, 1.0) and "tells nothing" in found.method
