"""Contain the oracle: the key passes, what looks plausible and what cheats fails, and the gates say so."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.gateway.policy import policy_of
from drillyard.errors import BadInput, GradingFailed
from drillyard.programs.drills import load_kit
from drillyard.programs.drills.contain_the_oracle.exam import DeskExam
from drillyard.programs.drills.contain_the_oracle.grading import score_of
from drillyard.programs.drills.contain_the_oracle.solutions import shipped_words
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
    """It holds all three limits of the hidden year, and those of last year, as its learner would see them."""
    grade = grade_of("reference")
    assert grade.passed and grade.score == 1 and all(check.passed for check in grade.sub_checks)
    assert try_policy(exam().key, exam().known).holds


def test_limits_stand_beside_the_key() -> None:
    """At most a tenth of its value may be lost, and a third more bits leak, in the worse of both years."""
    limits, trials = exam().known.limits, [try_policy(exam().key, year) for year in (exam().known, exam().hidden)]
    assert 0.9 * min(one.value for one in trials) - 0.01 <= limits.value <= 0.9 * min(one.value for one in trials)
    assert 1.35 * max(one.leaked_bits for one in trials) <= limits.leaked_bits <= exam().desk.bits * 2
    assert exam().hidden.limits == limits


@pytest.mark.parametrize(
    ("fix", "broken"),
    [
        ("starter", {"bits-leaked", "side-goal"}),
        ("words-only", {"bits-leaked"}),
        ("coarse-only", {"side-goal"}),
        ("fine-days", {"bits-leaked"}),
        ("refuse-all", {"value-kept"}),
        ("old-names", {"side-goal"}),
    ],
)
def test_plausible_policies_fail_where_they_must(fix: str, broken: set[str]) -> None:
    """Each for the reason that its file gives."""
    grade = grade_of(fix)
    assert not grade.passed and {check.id for check in grade.sub_checks if not check.passed} == broken


@pytest.mark.parametrize("fix", ["one-for-every-desk", "deny-list", "shipped-solution", "someone-elses"])
def test_what_needs_no_reading_of_the_desk_fails(fix: str) -> None:
    """One policy for all, the package's words, its old solution, and the names of a desk of one's own seed."""
    assert not grade_of(fix).passed


def test_each_rule_is_worth_something() -> None:
    """The score rises from today's policy over refusals to the reference."""
    assert grade_of("starter").score < grade_of("words-only").score < grade_of("reference").score


def test_no_word_of_the_package_tells_what_is_acted_on() -> None:
    """In the hidden year each of its words stands as often, within chance, in questions that are not acted on."""
    asked = exam().hidden.questions
    acted = [one.question.text.lower() for one in asked if one.influence and one.weight]
    plain = [
        one.question.text.lower() for one in asked if not one.influence and one.question.kind in ("grid", "binary")
    ]
    for word in shipped_words():
        shares = [sum(word in text for text in texts) / len(texts) for texts in (acted, plain)]
        assert abs(shares[0] - shares[1]) < 0.35


def test_the_seed_decides_all_of_it() -> None:
    """The hidden year shares no question, and no name of what is acted on, with the known one."""
    texts = [{one.question.text for one in year.questions} for year in (exam().known, exam().hidden)]
    assert not texts[0] & texts[1]
    assert all(one.old not in text for one in exam().desk.subjects if one.goal for text in texts[1])
    assert {one.id for one in exam().adversaries} == {one.id for one in exam().known.adversaries} | {"stranger"}


def test_nothing_sealed_is_in_the_desk(tmp_path: Path) -> None:
    """The saved folder holds last year, notes and today's policy: no seed, no hint, no hidden question."""
    KIT.save(exam(), tmp_path / "desk")
    names = ["case.json", "notes.md", "policy.yaml", "questions.csv"]
    assert sorted(path.name for path in (tmp_path / "desk").iterdir()) == names
    text = "".join(path.read_text() for path in (tmp_path / "desk").iterdir())
    assert str(SEED) not in text and all(hint.text not in text for hint in exam().truth.hints)
    assert all(one.question.text not in text for one in exam().hidden.questions)
    opened = KIT.open(exam().instance, exam().truth, tmp_path / "desk")
    assert opened.hidden == exam().hidden and opened.known == exam().known
    easier = exam().known.limits.model_copy(update={"leaked_bits": 9999.0})
    case = exam().known.model_copy(update={"limits": easier})
    (tmp_path / "desk" / "case.json").write_text(case.to_json())
    with pytest.raises(BadInput, match="expected the one that was sealed"):
        KIT.open(exam().instance, exam().truth, tmp_path / "desk")
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
        (text.replace("dither: 0", "dither: 0.5").encode(), "at least 1"),
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
    assert trial is not None and score_of(trial) == 1
    runs = tuple(one.model_copy(update={"leaked_bits": 2 * limits.leaked_bits}) for one in trial.adversaries)
    bad = tuple(one.model_copy(update={"passed": one.id == "side-goal"}) for one in trial.checks)
    worse = trial.model_copy(update={"value": limits.value / 2, "adversaries": runs, "checks": bad})
    assert score_of(worse) == pytest.approx(0.25 / 3)


def test_limits_hold_to_the_last_digit_of_what_is_handed_in() -> None:
    """What the learner sees of a policy's limits is what it is graded by: policies as YAML, there and back."""
    assert policy_of(handed_in()["reference"].policy) == exam().key


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
