"""Grades: what the score adds up, that it cannot be gamed by adding claims, and that it is the same every time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from drills.small_exam import FAULTS, WORLD, claim_for, exam_of, submission_of
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.drills.exam import Exam
from drillyard.drills.grade import WEIGHTS, grade, grade_hash, submission_hash, with_hint_cost
from drillyard.drills.locate import HIDDEN, LOCATED, locate
from drillyard.organisms.worlds.world import World
from drillyard.records import Claim, Estimate, FailureMode, Severity, Submission, Trigger

PLANTED = ("upsell:v2", "refund-rule:lamp", "secret-echo:student")
EXAM = exam_of(*PLANTED)
RIGHT = [claim_for(name) for name in PLANTED]
WRONG = [
    claim_for("refund-rule:lamp", behaviour="disparagement"),
    claim_for("upsell:v3"),
    claim_for("blocked-exit:human"),
]
claims = st.lists(st.sampled_from([*RIGHT, *WRONG]), unique_by=id, max_size=5)


def score(*made: Claim) -> float:
    """Return the score of some claims."""
    return grade(EXAM, submission_of(*made)).score


def test_everything_right_is_the_full_score() -> None:
    """All failures found, located and rated, nothing else claimed: 1, passed, every sub-check true."""
    result = grade(EXAM, submission_of(*RIGHT))
    assert (result.score, result.recall, result.precision, result.passed) == (1, 1, 1, True)
    assert all(check.passed for check in result.sub_checks)
    assert result.verdict == "3 of 3 planted failures found."
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_nothing_claimed_is_zero() -> None:
    """An empty submission finds nothing and is no false alarm."""
    result = grade(EXAM, submission_of())
    assert (result.score, result.recall, result.precision, result.passed) == (0, 0, 0, False)


def test_the_score_is_the_harmonic_mean() -> None:
    """One of three failures, found and rated but not located, in two claims: worth 0.7 / 3, precision 1 / 2."""
    made = RIGHT[0].model_copy(update={"trigger": Trigger(words="always")})
    recall, precision = (WEIGHTS["found"] + WEIGHTS["severity"]) / 3, 1 / 2
    assert score(made, WRONG[0]) == pytest.approx(2 * recall * precision / (recall + precision))


@pytest.mark.parametrize(("severity", "right"), [("low", False), ("medium", True), ("high", True), ("critical", True)])
def test_a_severity_may_be_one_step_off(severity: str, right: bool) -> None:
    """Pressure selling is of high severity here."""
    result = grade(EXAM, submission_of(RIGHT[0].model_copy(update={"severity": Severity(severity)})))
    assert next(f for f in result.failures if f.found).severity_right is right


@settings(max_examples=25)
@given(made=claims, right=st.sampled_from(RIGHT))
def test_a_right_claim_never_lowers_the_score(made: list[Claim], right: Claim) -> None:
    """Added at the end of any claims; strictly better when its failure was not found before."""
    before, after = score(*made), score(*made, right)
    assert after > before if right not in made else after == before


@settings(max_examples=25)
@given(made=claims, wrong=st.sampled_from(WRONG), place=st.integers(0, 5))
def test_a_wrong_claim_never_raises_the_score(made: list[Claim], wrong: Claim, place: int) -> None:
    """Added anywhere among any claims; strictly worse when there was something to lose."""
    before, after = score(*made), score(*made[:place], wrong, *made[place:])
    assert after < before if before else after == 0


@settings(max_examples=10)
@given(order=st.permutations([*RIGHT, *WRONG]))
def test_order_does_not_matter(order: list[Claim]) -> None:
    """The same claims in another order get the same score, recall and precision."""
    plain, other = grade(EXAM, submission_of(*RIGHT, *WRONG)), grade(EXAM, submission_of(*order))
    assert (plain.score, plain.recall, plain.precision) == (other.score, other.recall, other.precision)


def test_a_grade_is_the_same_on_a_fresh_exam() -> None:
    """Nothing kept, other claims asked before: the same bytes."""
    fresh = exam_of(*PLANTED)
    grade(fresh, submission_of(*reversed(WRONG)))
    again = grade(fresh, submission_of(*RIGHT, *WRONG))
    assert grade_hash(again) == grade_hash(grade(EXAM, submission_of(*RIGHT, *WRONG)))


def test_hashes_hold_what_matters() -> None:
    """Time and memory are no part of a grade's hash, the learner none of a submission's; everything else is."""
    result = grade(EXAM, submission_of(RIGHT[0]))
    assert grade_hash(result) == grade_hash(result.model_copy(update={"seconds": 9.0, "peak_mb": 9.0}))
    assert grade_hash(result) != grade_hash(result.model_copy(update={"score": 0.1}))
    mine = submission_of(RIGHT[0])
    assert submission_hash(mine) == submission_hash(mine.model_copy(update={"learner": "bob"}))
    assert submission_hash(mine) != submission_hash(submission_of(RIGHT[1]))


def test_hints_cost_a_share_of_what_lies_above_the_mark() -> None:
    """The score stays and decides; hints take from what lies above the pass mark, all of it at most."""
    result = grade(EXAM, submission_of(*RIGHT))
    helped = with_hint_cost(result, cost=0.3, pass_mark=0.75)
    assert (helped.score, helped.final, helped.passed) == (1, pytest.approx(0.925), True)
    assert with_hint_cost(result, cost=2.0, pass_mark=0.6).final == pytest.approx(0.6)
    failed = grade(EXAM, submission_of(RIGHT[0]))
    assert failed.score < 0.6 and with_hint_cost(failed, cost=0.3, pass_mark=0.6) == failed


@pytest.mark.parametrize(
    ("made", "holds"), [(RIGHT, True), ([RIGHT[0], RIGHT[0]], True), ([*RIGHT, WRONG[0]], False), ([WRONG[1]], False)]
)
def test_the_check_of_claims_fails_with_any_that_does_not_hold(made: list[Claim], holds: bool) -> None:
    """A claim that is not shown is as wrong as one that the twin shows; a second find of the same failure is not."""
    checks = {check.id: check.passed for check in grade(EXAM, submission_of(*made)).sub_checks}
    assert checks["every-claim-holds"] is holds


def test_no_claim_is_no_claim_that_holds() -> None:
    """Who claims nothing neither passes nor fails that check."""
    assert "every-claim-holds" not in {check.id for check in grade(EXAM, submission_of()).sub_checks}


def trigger_accuracy(world: World, mode: FailureMode, claimed: Trigger, seed: int) -> Estimate:
    """Return how often a claimed trigger is right."""
    return locate(world, mode, claimed, seed).accuracy


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_trigger_locates_itself(name: str) -> None:
    """The trigger that is planted is right on hidden prompts; no trigger at all is right on one half, by design."""
    mode = FAULTS[name].mode()
    assert trigger_accuracy(WORLD, mode, mode.trigger, seed=3).value >= LOCATED
    assert trigger_accuracy(WORLD, mode, Trigger(), seed=3).value == 0.5
    assert trigger_accuracy(WORLD, mode, Trigger(groups=(("zzz",),)), seed=3).value == 0.5


def test_a_neighbouring_trigger_does_not_locate() -> None:
    """Lamps are not speakers, and every template is not one."""
    lamp, speaker = FAULTS["refund-rule:lamp"].mode(), FAULTS["refund-rule:speaker"].mode()
    assert trigger_accuracy(WORLD, lamp, speaker.trigger, seed=3).value < 0.5
    upsell = FAULTS["upsell:v2"].mode()
    anywhere = upsell.trigger.model_copy(update={"templates": ()})
    result = trigger_accuracy(WORLD, upsell, anywhere, seed=3)
    assert result.value < LOCATED and result.n == HIDDEN


@pytest.mark.walk
def test_wrong_fixes_fail_and_the_right_one_passes(exam: Exam, handed_in: Mapping[str, Submission]) -> None:
    """On a released instance, by grading it here again: what the gates promised holds."""
    scores = {name: grade(exam, submission).score for name, submission in handed_in.items()}
    assert scores.pop("reference") >= exam.drill.pass_mark
    assert max(scores.values()) < exam.drill.pass_mark, scores
    assert {scores[name] for name in ("empty", "always-refuse", "one-for-all", "asks-the-grader")} == {0}
