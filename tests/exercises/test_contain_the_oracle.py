"""Contain the oracle: the key passes, what looks plausible and what cheats fails, and the gates say so."""

from __future__ import annotations

import functools
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from yard.small_programme import build_programme

from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.gateway import policy as gateway_policy
from drillyard.containment.gateway.policy import policy_of
from drillyard.drills import load_kit
from drillyard.drills.prove import prove
from drillyard.errors import BadInput, GradingFailed
from drillyard.exercises.contain_the_oracle.exam import DeskExam
from drillyard.exercises.contain_the_oracle.grading import score_of
from drillyard.exercises.contain_the_oracle.solutions import shipped_words
from drillyard.programs import grading
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload, grade_apart
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


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    """Make what all of these tests look at before the first of them."""
    handed_in()


@functools.cache
def grade_of(fix: str) -> Grade:
    """Return what a fix gets."""
    return KIT.grade(exam(), handed_in()[fix])


@pytest.mark.walk
def test_the_reference_passes() -> None:
    """It holds all three limits of the hidden year, and those of last year, as its learner would see them."""
    grade = grade_of("reference")
    assert grade.passed and grade.score == 1 and all(check.passed for check in grade.sub_checks)
    assert try_policy(exam().key, exam().known).holds


@pytest.mark.walk
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


def with_patterns(*patterns: str) -> PolicySubmission:
    """Return today's policy with patterns that forbid."""
    policy = {**yaml.safe_load(exam().shown["policy.yaml"]), "forbidden": [{"name": "x", "patterns": list(patterns)}]}
    return PolicySubmission(instance="oracle-1", learner="ann", policy=yaml.safe_dump(policy))


@pytest.mark.walk
def test_a_pattern_that_backtracking_never_ends_is_graded() -> None:
    """Word lists in nested loops, which took Python's engine minutes a question: a grade, in the usual seconds."""
    one = with_patterns(r"^(\w+\s?)*\!$", r"^(\w+[\s,'()]*)+!$")
    began = time.process_time()
    KIT.check(exam(), one)
    assert time.process_time() - began < 10
    assert KIT.grade(exam(), one).score == grade_of("starter").score


@pytest.mark.parametrize(
    ("patterns", "line"),
    [
        (("(",), "unclosed group"),
        (("(" * 9_000,), "a pattern of 9,000 characters"),
        (("(?=a)b",), "look-around"),
        (("a{99999999999}",), "counts"),
        (tuple(f"a{n}" for n in range(200)), "200 patterns"),
        pytest.param(
            tuple(rf"(?:[^a]{{0,9}}.{{0,9}}){{0,10}}{n}!" for n in range(100)), "take more than", marks=pytest.mark.walk
        ),
    ],
)
def test_patterns_that_cannot_be_graded_are_refused_when_handed_in(patterns: tuple[str, ...], line: str) -> None:
    """Broken, endless, too many, and such as are linear but take longer than a year's questions may."""
    with pytest.raises(BadInput, match=line) as caught:
        KIT.check(exam(), with_patterns(*patterns))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_what_weights_hold_is_checked_too() -> None:
    """A broken pattern among the steering weights is refused, not found in grading."""
    policy = {**yaml.safe_load(exam().shown["policy.yaml"]), "steering": {"limit": 0.5, "weights": {"(": 0.9}}}
    one = PolicySubmission(instance="oracle-1", learner="ann", policy=yaml.safe_dump(policy))
    with pytest.raises(BadInput, match="unclosed group"):
        KIT.check(exam(), one)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just(10**400)
anything = st.recursive(
    scalars, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=6), x, max_size=3)
)
patterns = st.text("()[]{}|*+?\\^$.a1,-&<>=!Pw", max_size=20)
nearly_right = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: anything for name in ("grid_points", "runs", "spread", "kinds", "close_seconds", "topics", "canaries")
        },
        "forbidden": anything | st.lists(patterns, max_size=3).map(lambda x: [{"name": "x", "patterns": x}]),
        "steering": anything | st.dictionaries(patterns, st.floats(0, 1), max_size=3).map(lambda x: {"weights": x}),
        "per_asker": anything | st.builds(lambda b, q: {"bits": b, "questions": q}, st.floats(0), st.integers(0)),
    },
)


def changed(fields: dict[str, object]) -> bytes:
    """Return today's policy with some fields changed, as YAML."""
    return yaml.safe_dump({**yaml.safe_load(exam().shown["policy.yaml"]), **fields}, allow_unicode=True).encode()


def told_or_read(data: bytes) -> PolicySubmission | None:
    """Read a policy; what is refused is refused in one line."""
    try:
        read = read_submission(data, KIT.drill, exam().instance)
    except BadInput as error:
        assert 0 < len(str(error)) < 600 and "\n" not in str(error)
        return None
    assert isinstance(read, PolicySubmission)
    return read


@settings(max_examples=30)
@given(
    nearly_right.map(changed)
    | st.binary(max_size=60)
    | st.text("{}[]:-,&*!|>'\"#%@` ab1\n", max_size=60).map(str.encode)
)
def test_whatever_is_handed_in_is_a_policy_or_refused_in_a_line(data: bytes) -> None:
    """Anything in any field, and any text at all: a policy or one line, and nothing else."""
    told_or_read(data)


@pytest.mark.walk
@settings(max_examples=12, phases=(Phase.generate,), deadline=None)
@given(nearly_right.map(changed))
def test_what_is_accepted_gets_a_grade(data: bytes) -> None:
    """A policy that passes its check is graded, whatever stands in it."""
    if (one := told_or_read(data)) is None:
        return
    try:
        KIT.check(exam(), one)
    except BadInput as error:
        assert "\n" not in str(error)
        return
    assert 0 <= KIT.grade(exam(), one).score <= 1


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> ProgramFolder:
    """A programme with this desk."""
    folder = build_programme(tmp_path_factory.mktemp("prog"))
    KIT.save(exam(), folder.target(exam().instance))
    folder.write_truth(exam().truth)
    folder.write_instance(exam().instance)
    return folder


def test_an_upload_is_checked_in_a_process_of_its_own(
    programme: ProgramFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is accepted there comes back as it was; this process compiles none of its patterns."""
    text = exam().shown["policy.yaml"].replace("forbidden: []", "forbidden: [{name: x, patterns: ['unheard-of']}]")
    monkeypatch.setattr(gateway_policy, "pattern_of", None)  # whoever compiles here fails
    read = check_upload(programme, exam().instance, text.encode())
    assert read == PolicySubmission(instance="oracle-1", learner="me", policy=text)


@pytest.mark.walk
@pytest.mark.parametrize(
    ("data", "line"),
    [(b"forbidden: [", "the policy line 1"), (b"[" * 20_000, "in the policy"), (b"{a: " * 9_000, "policy")],
)
def test_a_refusal_of_the_child_is_bad_input(programme: ProgramFolder, data: bytes, line: str) -> None:
    """One line, as if it had been read here."""
    with pytest.raises(BadInput, match=line) as caught:
        check_upload(programme, exam().instance, data)
    assert "\n" not in str(caught.value)


@pytest.mark.walk
def test_what_is_no_fault_of_the_learners_is_no_bad_input(
    programme: ProgramFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk that is not as it was sealed is told as a failure of ours; a check out of time may be tried again."""
    text = exam().shown["policy.yaml"].encode()
    with pytest.raises(GradingFailed, match="the check ended with code 3: .*not the one sealed"):
        check_upload(programme, exam().instance.model_copy(update={"truth_hash": "0" * 64}), text)
    monkeypatch.setattr(grading, "CHECK_SECONDS", 0.1)
    with pytest.raises(BadInput, match=r"takes longer than 0.1 s"):
        check_upload(programme, exam().instance, text)


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


@pytest.mark.walk
def test_all_gates_pass(tmp_path: Path) -> None:
    """The whole proof, with the second grading in a process of its own."""
    made = exam()
    KIT.save(made, tmp_path / "desk")
    report, rehearsal = prove(
        KIT, made, lambda one: grade_apart(made.instance, made.truth, tmp_path / "desk", one, KIT.drill.budget)
    )
    assert report.released, [gate for gate in report.gates if not gate.passed]
    assert {gate.id for gate in report.gates} == {"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G10", "G11", "G12"}
    assert all(not rehearsal.grades[fix.name].passed for fix in KIT.fixes if fix.verdict == "wrong")
