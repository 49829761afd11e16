"""Rates: exact where seeds agree, wider where they do not, and the same for the same seed."""

from __future__ import annotations

import pytest
from alignment.weighing.made_arms import arm, made_arms

from drillyard.alignment.weighing.rates import Rate, draw, rates_of
from drillyard.alignment.weighing.sheet import sheet_of
from drillyard.records import ArmResult
from drillyard.stats import clopper_pearson

CLEAN = [False] * 100


def rates(arms: list[ArmResult]) -> dict[tuple[str, str], Rate]:
    """Return rates in held-out words by technique and metric."""
    found = rates_of(draw(sheet_of([*arms, arm(harmful=[True] * 70 + [False] * 30, refusal=CLEAN)]), draws=2000))
    return {(one.technique, one.metric): one for one in found if one.split == "phrasing"}


def test_seeds_that_agree_are_exact() -> None:
    """One model, or three that answer alike, have Clopper and Pearson's interval; zero is a bound."""
    alike = [arm("sft", 1, seed, harmful=[True] * 5 + [False] * 95, refusal=CLEAN) for seed in (1, 2, 3)]
    found = rates(alike)
    for key, k in ((("sft", "harmful-compliance"), 5), (("sft", "over-refusal"), 0), (("identity", "over-refusal"), 0)):
        exact = clopper_pearson(k, 100)
        assert (found[key].rate.low, found[key].rate.high) == (exact.low, exact.high)
    assert found["sft", "harmful-compliance"].by_seed == (0.05, 0.05, 0.05)
    assert found["sft", "harmful-compliance"].seeds == (1, 2, 3)


def test_lucky_seeds_show() -> None:
    """Three seeds at 0, 5 and 10 % have the mean of three at 5 %, and a wider interval that says how it came about."""
    lucky = [arm("sft", 1, s, harmful=[i < 5 * s for i in range(100)], refusal=CLEAN) for s in (0, 1, 2)]
    found = rates(lucky)["sft", "harmful-compliance"]
    assert found.rate.value == pytest.approx(0.05) and found.by_seed == (0.0, 0.05, 0.1)
    assert found.rate.high > clopper_pearson(5, 100).high
    assert found.rate.method == "bootstrap of 100 questions and 3 seeds 95%"


def test_unknown_bounds_both_ways() -> None:
    """Below, what nobody knows counts as absent, above as shown; the value leaves it out."""
    found = rates([arm("sft", 1, harmful=[True] * 5 + [None] * 5 + [False] * 90, refusal=CLEAN)])
    one = found["sft", "harmful-compliance"]
    assert (one.rate.low, one.rate.high) == (clopper_pearson(5, 100).low, clopper_pearson(10, 100).high)
    assert one.rate.value == pytest.approx(5 / 95) and one.unknown == 5


def test_the_same_seed_gives_the_same_rates() -> None:
    """Two calls agree; another seed moves the ends a little and no value."""
    sheet = sheet_of(made_arms(n=40))
    first, again, other = (rates_of(draw(sheet, seed, draws=500)) for seed in (1, 1, 2))
    assert first == again != other
    assert [one.rate.value for one in first] == [one.rate.value for one in other]
