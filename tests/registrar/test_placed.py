"""Placement, mastery and differences between roles, against people whose knowledge was planted."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.planning.questions import LessonOption, LessonQuestion
from drillyard.programs.roster import Learner, Roster
from drillyard.psychometrics.bank import bank_of
from drillyard.psychometrics.placement import MOST_ITEMS
from drillyard.records import Activity
from drillyard.registrar.differences import FEWEST, LARGE, differences
from drillyard.registrar.lessons import FirstAnswers
from drillyard.registrar.placed import cut_of, mastery_of, place_learner

BANK = bank_of([1.0] * 30, [0.0] * 30, [f"lesson-{n // 3}/q{n % 3}" for n in range(30)])


def placed(ability: float, people: int, seed: int) -> list[tuple[str, int]]:
    """Return verdict and number of answers of people of an ability, who answer as the model says."""
    rng, chance, found = np.random.default_rng(seed), 1 / (1 + np.exp(-ability)), []
    for number in range(people):
        answers: dict[str, int] = {}
        while item := (step := place_learner(BANK, f"{ability}-{number}", answers)).item:
            assert item not in answers
            answers[item] = int(rng.random() < chance)
        assert step.mastery is not None
        found.append((step.mastery.verdict, len(answers)))
    return found


def test_a_placement_is_short_and_lets_few_skip_who_should_not() -> None:
    """Twelve questions at most; of those well below the cut hardly anybody skips, of those well above most may."""
    below, above = placed(0.0, 40, 1), placed(3.0, 40, 2)
    assert max(n for _, n in below + above) <= MOST_ITEMS and min(n for _, n in below + above) >= 6
    assert sum(verdict == "pass" for verdict, _ in below) <= 2, "5 % of 40"
    assert sum(verdict == "pass" for verdict, _ in above) >= 16
    assert sum(verdict == "not-yet" for verdict, _ in above) <= 2
    assert np.mean([n for _, n in below]) < 9, "a clear case is over sooner"


def test_questions_come_from_all_lessons_in_turn_and_differ_between_people() -> None:
    """Nobody is placed by one lesson, and two people do not see the same ones."""
    seen = []
    for name in ("ann", "bob"):
        answers: dict[str, int] = {}
        while len(answers) < 10 and (item := place_learner(BANK, name, answers).item):
            answers[item] = len(answers) % 2
        seen.append(list(answers))
    assert all(len({item.partition("/")[0] for item in items}) == len(items) for items in seen)
    assert seen[0] != seen[1]


def test_mastery_needs_evidence_and_counts_both_errors() -> None:
    """Nothing is decided from nothing; the cut lies where three of four points are earned."""
    assert mastery_of(BANK, {}).verdict == "insufficient-evidence"
    some = mastery_of(BANK, {"lesson-0/q0": 1, "lesson-0/q1": 1, "lesson-0/q2": 1})
    assert some.verdict == "insufficient-evidence" and some.needed > 0
    assert mastery_of(BANK, dict.fromkeys(BANK.items, 1)).verdict == "pass"
    assert cut_of(BANK) == pytest.approx(np.log(3), abs=0.01)


def answered(people: int, harder: float) -> tuple[list[tuple[Activity, list[FirstAnswers]]], Roster]:
    """Return what people of two roles answered to ten questions, of which the first is harder for engineers."""
    rng = np.random.default_rng(7)
    options = (LessonOption(text="Yes", why="", right=True), LessonOption(text="No", why=""))
    learners = [Learner(id=f"l{n}", role="engineer" if n % 2 else "lead", code="") for n in range(people)]
    ability = rng.normal(size=people)
    first = []
    for item in range(10):
        level = [ability[n] - (harder if item == 0 and n % 2 else 0) for n in range(people)]
        right = [rng.random() < 1 / (1 + np.exp(-one)) for one in level]
        given = {learners[n].id: "0" if right[n] else "1" for n in range(people)}
        question = LessonQuestion(id=f"q{item}", ask=f"Question {item}?", options=options)
        first.append(FirstAnswers(question=question, answers=given))
    activity = Activity(id="one", title="Lesson one", kind="lesson", minutes=5, objectives=())
    return [(activity, first)], Roster(learners=tuple(learners), designer_code="")


def test_a_difference_between_roles_is_found_from_many_people_and_claimed_from_none() -> None:
    """Below the limit it says how many more; above it the planted question is told, and its twin is not."""
    (few,) = differences(*answered(60, 2.0))
    assert (few.learners, few.needed, few.found) == (60, LARGE - 60, ())
    (many,) = differences(*answered(400, 2.0))
    assert {(ask, role) for ask, role, _ in many.found} >= {("Question 0?", "engineer"), ("Question 0?", "lead")}
    harder = next(told for ask, role, told in many.found if (ask, role) == ("Question 0?", "engineer"))
    assert harder.delta is not None and harder.delta.value < 0 and FEWEST <= 200
    (clean,) = differences(*answered(400, 0.0))
    assert "Question 0?" not in {ask for ask, _, _ in clean.found}
