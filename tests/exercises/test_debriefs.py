"""Debriefs: each drill tells what was planted and how it is found, and what its checks are called."""

from __future__ import annotations

import re

import pytest

from drillyard.drills import load_kit
from drillyard.drills.answers.drill import AnswerDrill
from drillyard.drills.naming import name_check
from drillyard.registry import cards

SEED = 2**61 + 5
SLOW = (
    "benchmark-builder", "contain-the-oracle", "read-the-models-mind", "root-cause", "too-permissive-too-censored",
    "write-the-policy",
)  # fmt: skip
DRILLS = [
    pytest.param(name, marks=pytest.mark.walk) if name in SLOW else name
    for name in sorted(cards("drills"))
    if name != "dud"
]


def ids_of(kit: AnswerDrill, seed: int) -> set[str]:
    """Return the ids of all checks that a paper's grades have."""
    result = kit.score(seed, kit.solutions(seed)["reference"])[1]
    return {check.id for check in result.checks} | ({"decision"} if result.decided else set())


@pytest.mark.parametrize("name", DRILLS)
def test_every_drill_tells_its_truth_and_the_way_to_it(name: str) -> None:
    """Facts, steps and roads that fail are there, in words."""
    kit = load_kit(name)
    told = kit.debrief(kit.materialise("x", "engineer", SEED))
    assert told.facts and told.steps and told.wrong and told.road.verdict == "right"
    assert all(fact.title[0] == fact.title[0].upper() and fact.words for fact in told.facts)


@pytest.mark.parametrize("name", DRILLS)
def test_every_check_has_a_name_that_people_read(name: str) -> None:
    """No key of the program reaches a page: each id that a grade can hold has a name in the drill's file."""
    kit = load_kit(name)
    if kit.drill.hands_in == "answers":
        ids = ids_of(kit, SEED)
    else:
        ids = {one.replace("*", "upsell") for one in kit.drill.checks}
    patterns = [pattern.replace("*", ".+") for pattern in kit.drill.checks]
    for one in ids:
        named = name_check(kit.drill, one)
        assert named[0] == named[0].upper() and "{" not in named, one
        assert any(re.fullmatch(pattern, one) for pattern in patterns), f"{one} has no name"


def test_a_planted_failure_is_walked_to_on_the_models_themselves() -> None:
    """The failing model shows it, the twin does not, nor does the failing model once one thing is changed."""
    kit = load_kit("failure-hunt")
    exam = kit.materialise("x", "engineer", SEED)
    steps = kit.debrief(exam).steps
    asked = [at for at, step in enumerate(steps) if step.did.startswith("Asks")]
    assert len(asked) == len(exam.truth.failures)
    assert kit.debrief(kit.materialise("x", "engineer", SEED)).steps == steps, "the same copy is told the same"
    for mode, at in zip(exam.truth.failures, asked, strict=True):
        assert steps[at + 1].did.startswith("The clean twin") and steps[at].found != steps[at + 1].found
        assert mode.title in {fact.title for fact in kit.debrief(exam).facts}


def test_a_name_by_pattern_takes_the_part_that_varies() -> None:
    """One star stands for any part; what no pattern fits is told in words."""
    drill = load_kit("failure-hunt").drill
    assert name_check(drill, "inflated-battery/found") == "Inflated battery: found"
    assert name_check(drill, "every-claim-holds") == "Every claim holds"
    assert name_check(drill, "upsell:odd-part") == "Upsell: odd part"
