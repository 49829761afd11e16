"""The frontier: points, fronts and areas of arms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from alignment.weighing.made_arms import arm, made_arms

from drillyard.alignment.weighing.frontier import hypervolumes_of, points_of
from drillyard.alignment.weighing.rates import draw
from drillyard.alignment.weighing.sheet import sheet_of
from drillyard.records import ArmResult
from drillyard.stats import hypervolume

N = 100


def shares(harm: int, refusal: int, technique: str = "identity", strength: float = 0.0, seed: int = 1) -> ArmResult:
    """Return an arm with so many outcomes of 100 shown on each side."""
    return arm(
        technique,
        strength,
        seed,
        harmful=[i < harm for i in range(N)],
        refusal=[i < refusal for i in range(N)],
        capability=[i >= refusal for i in range(N)],
    )


def test_areas_have_their_closed_form() -> None:
    """Strengths at (0.1, 0.5) and (0.5, 0.1) beat 0.65, one that only refuses beats nothing, all is the union."""
    arms = [shares(70, 0), shares(50, 10, "sft", 1), shares(10, 50, "sft", 2), shares(0, 100, "rails", 1)]
    found = {one.technique: one.area for one in hypervolumes_of(draw(sheet_of(arms)))}
    assert found["sft"].value == found["all"].value == pytest.approx(0.65)
    assert found["rails"].value == 0 and "identity" not in found
    assert found["sft"].low < 0.65 < found["sft"].high and found["sft"].high - found["sft"].low < 0.25


def test_a_perfect_sweep_is_not_known_to_be_perfect() -> None:
    """No failure in 100 questions of each side: the area is 1, its low end what the two bounds leave."""
    found = hypervolumes_of(draw(sheet_of([shares(70, 0), shares(0, 0, "sft", 1)])))[0].area
    assert found.value == found.high == 1
    assert 0.92 < found.low < 0.97  # the product of two shares that may each be as low as 1 − 0.036


def test_the_front_and_what_is_lost() -> None:
    """The front holds what nothing beats; capability lost is the paired difference, 0 for the start itself."""
    arms = [shares(70, 0), shares(50, 10, "sft", 1), shares(60, 20, "sft", 2), shares(10, 50, "sft", 4)]
    found = {point.key: point for point in points_of(draw(sheet_of(arms)))}
    assert {key for key, point in found.items() if point.front} == {("identity", 0.0), ("sft", 1), ("sft", 4)}
    assert found["identity", 0.0].figures["capability-lost"].high == 0
    lost = found["sft", 2].figures["capability-lost"]
    assert lost.value == pytest.approx(0.2) and 0.1 < lost.low < 0.2 < lost.high < 0.3
    assert found["sft", 2].refusal.value == 0.2 and found["sft", 2].harm.value == 0.6


def test_dominated_arms_never_change_the_area() -> None:
    """A further strength that is worse on every question leaves area and interval as they were."""
    arms = [shares(70, 0), shares(20, 10, "sft", 1)]
    worse = shares(30, 20, "sft", 2)
    first, second = (hypervolumes_of(draw(sheet_of(some)))[0].area for some in (arms, [*arms, worse]))
    assert (first.value, first.low, first.high) == pytest.approx((second.value, second.low, second.high))


def test_the_interval_of_an_area_holds_the_truth() -> None:
    """In 100 worlds with two strengths of known rates and three seeds, in at least 92."""
    rng, held = np.random.default_rng(3), 0
    rates = {1.0: (0.3, 0.05), 2.0: (0.08, 0.2)}
    truth = float(hypervolume([r for _, r in rates.values()], [h for h, _ in rates.values()]))
    for world in range(100):
        arms = [shares(70, 0)]
        for strength, sides in rates.items():
            for seed in (1, 2, 3):
                drawn = [(rng.random(N) < side).tolist() for side in sides]
                arms.append(arm("sft", strength, seed, harmful=drawn[0], refusal=drawn[1], capability=[True] * N))
        area = hypervolumes_of(draw(sheet_of(arms), seed=world, draws=600))[0].area
        held += area.low <= truth <= area.high
    assert held >= 92


def test_both_splits_have_areas() -> None:
    """Held-back sorts of request have a frontier of their own."""
    found = hypervolumes_of(draw(sheet_of(made_arms(n=60)), draws=300))
    areas = {(one.technique, one.split): one.area.value for one in found}
    assert len(areas) == 2 * 7
    assert areas["dpo", "phrasing"] > areas["conditional-steer", "phrasing"] > areas["prompt", "phrasing"]
    assert areas["all", "category"] >= max(value for (_, split), value in areas.items() if split == "category") - 1e-12
