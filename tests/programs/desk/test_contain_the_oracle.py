"""Contain the oracle: a policy found from last year passes, what looks plausible fails, and the gates say so."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from drillyard.errors import BadInput, GradingFailed
from drillyard.programs.drills import load_kit
from drillyard.programs.drills.contain_the_oracle.exam import DeskExam
from drillyard.programs.drills.contain_the_oracle.grading import score_of
from drillyard.programs.drills.prove import prove
from drillyard.programs.grading import grade_apart
from drillyard.programs.submission import read_submission
from drillyard.records import ArtefactSubmission, Grade, PolicySubmission, Submission

KIT = load_kit("contain-the-oracle")
SEED = 2**61 + 5


@functools.cache
def exam() -> DeskExam:
    """Return an instance."""
    made: DeskExam = KIT.materialise("oracle-1", "containment-engineer", SEED)
    return made


@functools.cache
def handed_in() -> dict[str, PolicySubmission]:
    """Return what the fixes hand in."""
    return dict(KIT.submissions(exam()))


@functools.cache
def grade_of(fix: str) -> Grade:
    """Return what a fix gets."""
    return KIT.grade(exam(), handed_in()[fix])


def test_the_reference_passes() -> None:
    """Found from last year alone, it holds all three limits of the year that it has not seen."""
    grade = grade_of("reference")
    assert grade.passed and grade.score == 1 and all(check.passed for check in grade.sub_checks)
    assert grade.trial is not None and grade.trial.value > 0.45 and grade.trial.leaked_bits < 128


@pytest.mark.parametrize(
    ("fix", "broken"),
    [
        ("starter", {"bits-leaked", "side-goal"}),
        ("coarse-only", {"bits-leaked", "side-goal"}),
        ("with-dates", {"bits-leaked"}),
        ("refuse-all", {"value-kept"}),
    ],
)
def test_plausible_policies_fail_where_they_must(fix: str, broken: set[str]) -> None:
    """Each for the reason that its file gives."""
    grade = grade_of(fix)
    assert not grade.passed and {check.id for check in grade.sub_checks if not check.passed} == broken


def test_each_rule_is_worth_something() -> None:
    """The score rises from today's policy over refusals to the reference."""
    assert grade_of("starter").score < grade_of("words-only").score < grade_of("reference").score


def test_the_seed_decides_all_of_it() -> None:
    """Equal seeds give equal desks; the hidden year shares no question with the known one; another desk is another."""
    again = KIT.materialise("oracle-1", "containment-engineer", SEED)
    assert again.known == exam().known and again.hidden == exam().hidden and again.adversaries == exam().adversaries
    texts = [{one.question.text for one in year.questions} for year in (exam().known, exam().hidden)]
    assert not texts[0] & texts[1]
    assert KIT.materialise("oracle-1", "containment-engineer", SEED + 7).desk != exam().desk


def test_nothing_sealed_is_in_the_desk(tmp_path: Path) -> None:
    """The saved folder holds last year and today's policy: no seed, no hint, no hidden question."""
    KIT.save(exam(), tmp_path / "desk")
    assert sorted(path.name for path in (tmp_path / "desk").iterdir()) == ["case.json", "policy.yaml", "questions.csv"]
    text = "".join(path.read_text() for path in (tmp_path / "desk").iterdir())
    assert str(SEED) not in text and all(hint.text not in text for hint in exam().truth.hints)
    assert all(one.question.text not in text for one in exam().hidden.questions)
    assert KIT.open(exam().instance, exam().truth, tmp_path / "desk").hidden == exam().hidden
    other = KIT.materialise("oracle-1", "containment-engineer", SEED + 7)
    with pytest.raises(BadInput, match="expected the one that was sealed"):
        KIT.open(other.instance, other.truth, tmp_path / "desk")
    with pytest.raises(BadInput, match="expected a case"):
        KIT.open(exam().instance, exam().truth, tmp_path)


def test_the_file_that_a_gateway_serves_is_what_is_handed_in() -> None:
    """A YAML policy is read as it stands; what is none says so in one line."""
    text = exam().shown["policy.yaml"]
    read = read_submission(text.encode(), KIT.drill, exam().instance)
    assert isinstance(read, PolicySubmission) and read.policy == text
    for data, line in (
        (b"\xff\xfe", "no UTF-8"),
        (b"{a: [", "in the policy line 1"),
        (b"[1, 2]", "expected a gateway policy"),
        (text.replace("quorum: 1", "quorum: 9").encode(), "quorum 9 needs as many runs"),
        (text.replace("grid_points: 101", "grid_points: 1").encode(), "grid_points"),
        (b"x" * 70_000, "at most 65,536"),
        (b"a: &a [1]\nname: *a\n", "aliases"),
        (f"{text}runs: 3\n".encode(), "twice"),
        (b"", "an empty file"),
    ):
        with pytest.raises(BadInput, match=line):
            read_submission(data, KIT.drill, exam().instance)
    with pytest.raises(BadInput, match="expected a gateway policy"):
        KIT.grade(exam(), Submission(instance="oracle-1", learner="ann", claims=()))
    hunt = load_kit("failure-hunt")
    with pytest.raises(BadInput, match="expected"):
        hunt.grade(hunt.materialise("hunt-1", "engineer", 1), handed_in()["starter"])
    assert not issubclass(PolicySubmission, ArtefactSubmission)


def test_a_pattern_that_never_ends_ends_with_the_budget(tmp_path: Path) -> None:
    """A regular expression of a learner's that takes for ever takes no more than the drill's seconds."""
    KIT.save(exam(), tmp_path / "desk")
    slow = (
        exam().shown["policy.yaml"].replace("forbidden: []", r"forbidden: [{name: slow, patterns: ['^(\w+\s?)*\!$']}]")
    )
    one = PolicySubmission(instance="oracle-1", learner="ann", policy=slow)
    budget = KIT.drill.budget.model_copy(update={"seconds": 5.0})
    with pytest.raises(GradingFailed, match="longer than 5 s"):
        grade_apart(exam().instance, exam().truth, tmp_path / "desk", one, budget)


def test_the_score_is_one_only_where_all_limits_hold() -> None:
    """By hand: half the value and twice the bits are a quarter, times the share of limits that hold."""
    trial, limits = grade_of("reference").trial, exam().hidden.limits
    assert trial is not None and score_of(trial, limits) == 1
    runs = tuple(one.model_copy(update={"leaked_bits": 2 * limits.leaked_bits}) for one in trial.adversaries)
    bad = tuple(one.model_copy(update={"passed": one.id == "side-goal"}) for one in trial.checks)
    worse = trial.model_copy(update={"value": limits.value / 2, "adversaries": runs, "checks": bad})
    assert score_of(worse, limits) == pytest.approx(0.25 / 3)


@pytest.mark.slow
def test_all_gates_pass(tmp_path: Path) -> None:
    """The whole proof, with the second grading in a process of its own."""
    made = exam()
    KIT.save(made, tmp_path / "desk")
    report, rehearsal = prove(
        KIT, made, lambda one: grade_apart(made.instance, made.truth, tmp_path / "desk", one, KIT.drill.budget)
    )
    assert report.released, [gate for gate in report.gates if not gate.passed]
    assert {gate.id for gate in report.gates} == {"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G11"}
    assert all(not rehearsal.grades[fix.name].passed for fix in KIT.fixes if fix.verdict == "wrong")
