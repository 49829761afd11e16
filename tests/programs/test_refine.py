"""Refinement on simulated attempts whose true rates are known."""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Mapping, Sequence

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.programs.refine import Part, RefineReport, judge, people_of, refine
from drillyard.programs.roster import Learner, Roster
from drillyard.records import Attempt, Grade, RoleNeed, SubCheck
from drillyard.stats.binomial import clopper_pearson


def grade(passed: bool, checks: Sequence[tuple[str, bool]] = ()) -> Grade:
    """Return a grade with some sub-checks."""
    return Grade(
        instance="hunt-1",
        submission_hash="",
        grader_hash="",
        passed=passed,
        score=0.5,
        final=0.5,
        recall=0.5,
        precision=0.5,
        verdict="",
        claims=(),
        failures=(),
        sub_checks=tuple(SubCheck(id=name, passed=result) for name, result in checks),
    )


def attempt(learner: object, passed: bool | None, role: str = "engineer", **fields: object) -> Attempt:
    """Return an attempt; `passed` None means that it was never graded."""
    made = None if passed is None else fields.pop("grade", grade(passed))
    return Attempt(drill="failure-hunt", instance="hunt-1", learner=str(learner), role=role, grade=made, **fields)


def cohort(count: int, rates: Mapping[str, float], chance: random.Random) -> list[Attempt]:
    """Return one attempt per learner whose sub-checks pass with known rates."""
    made = []
    for learner in range(count):
        checks = [(name, chance.random() < rate) for name, rate in rates.items()]
        passed = all(result for _, result in checks)
        made.append(attempt(learner, passed, grade=grade(passed, checks), minutes=chance.uniform(10, 60)))
    return made


def parts(report: RefineReport) -> dict[str, Part]:
    """Return the sub-checks of the only drill by id."""
    (drill,) = report.drills
    return {part.id: part for part in drill.sub_checks}


def test_intervals_cover_the_planted_rates() -> None:
    """Over 300 cohorts of 30 learners, the 95 % intervals hold the true rate at least 93 times in 100."""
    rates = {"upsell:found": 0.85, "refund:found": 0.5, "echo:found": 0.15}
    chance = random.Random(1)
    hits = dict.fromkeys(rates, 0)
    for _ in range(300):
        for name, part in parts(refine(cohort(30, rates, chance))).items():
            assert part.solved is not None
            hits[name] += part.solved.low <= rates[name] <= part.solved.high
    # Clopper–Pearson covers with at least .95; two standard errors of 300 trials are .025.
    assert all(count / 300 > 0.925 for count in hits.values()), hits


def test_planted_extremes_are_flagged_and_the_rest_is_not() -> None:
    """A part that hardly anybody solves and one that everybody solves are flagged; one in between is not."""
    rates = {"hopeless": 0.02, "given": 0.995, "fair": 0.6}
    chance = random.Random(2)
    flags = {name: [0, 0] for name in rates}
    for _ in range(40):
        report = refine(cohort(200, rates, chance))
        for name, part in parts(report).items():
            flags[name][0] += part.verdict.flag == "too hard"
            flags[name][1] += part.verdict.flag == "too easy"
        assert report.state == "flagged"
    assert flags["hopeless"][0] >= 38 and flags["hopeless"][1] == 0
    assert flags["given"][1] >= 35 and flags["given"][0] == 0
    assert flags["fair"] == [0, 0]


def test_a_proposal_names_part_rate_and_advice() -> None:
    """What is proposed can be checked from the line alone."""
    attempts = [attempt(n, True, grade=grade(True, [("echo:found", n == 0)])) for n in range(120)]
    (drill,) = refine(attempts).drills
    assert drill.proposals == (
        "failure-hunt: 100 % solve it (97 % to 100 %, n = 120); where a role can do it already, write "
        "'without: [failure-hunt]' in the brief for a role",
    )
    assert refine(attempts).verdict == "2 parts flagged, 1 change proposed, from 120 graded learners."


def test_proposals_name_fields_that_a_brief_has() -> None:
    """What is in quotes is a field of a role in the brief, with a drill that the catalogue has."""
    for passed in (True, False):
        (proposal,) = refine([attempt(n, passed) for n in range(120)]).drills[0].proposals
        named = {words.partition(":")[0] for words in re.findall("'([^']*)'", proposal)}
        assert named <= set(RoleNeed.model_fields) and named


def test_a_rate_whose_interval_crosses_a_bound_is_no_flag() -> None:
    """All of 24 solve it, 86 to 100 %: maybe too easy, and nothing is proposed on a point estimate."""
    report = refine([attempt(n, True) for n in range(24)])
    assert (report.state, report.drills[0].proposals) == ("not-enough-evidence", ())
    assert "maybe too easy" in report.verdict


@pytest.mark.parametrize(
    ("n", "needed", "words"),
    [
        (5, 15, "not enough evidence, 15 more needed"),
        (19, 1, "not enough evidence, 1 more needed"),
        (20, 16, "in range; 20 learners allow the rate with its interval; 16 more"),
        (36, 14, "in range; 36 learners allow flags on very hard parts; 14 more"),
        (50, 22, "in range; 50 learners allow difficulty with a prior; flags on very hard parts; 22 more"),
        (
            72,
            28,
            "in range; 72 learners allow difficulty with a prior; flags on very hard and very easy parts; 28 more",
        ),
        (100, 200, "in range; 100 learners allow first flags on discrimination"),
        (300, 700, "in range; 300 learners allow two-parameter models; group differences"),
        (1000, 0, "in range; 1000 learners allow two-parameter models and equating of forms"),
    ],
)
def test_each_rung_of_the_ladder(n: int, needed: int, words: str) -> None:
    """What n learners allow to say is what the table of the documentation says."""
    verdict = judge(clopper_pearson(n // 2, n))
    assert (verdict.needed, verdict.flag) == (needed, "")
    assert verdict.words.startswith(words)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_no_flag_below_twenty_and_none_in_the_middle(counts: tuple[int, int]) -> None:
    """Flags need twenty learners and a whole interval below .1 or above .95."""
    k, n = counts
    rate = clopper_pearson(k, n)
    assert judge(rate).flag == (
        "" if n < 20 else "too hard" if rate.high < 0.1 else "too easy" if rate.low > 0.95 else ""
    )


def test_the_rungs_of_flags_are_where_intervals_first_allow_them() -> None:
    """The exact interval of none leaves a tenth behind at 36 learners, that of all reaches .95 at 72."""
    assert min(n for n in range(1, 200) if clopper_pearson(0, n).high < 0.1) == 36
    assert min(n for n in range(1, 200) if clopper_pearson(n, n).low > 0.95) == 72


def test_a_learner_counts_once() -> None:
    """Only the first graded attempt counts for solving, time and hints; later ones are counted as such."""
    attempts = [attempt(n, False, minutes=10, hints=1) for n in range(6)]
    attempts += [attempt(n, True, minutes=99, hints=9) for n in range(6)]
    (drill,) = refine(attempts).drills
    assert (drill.learners, drill.graded, drill.retries) == (6, 6, 6)
    assert drill.solved.solved == clopper_pearson(0, 6)
    assert drill.minutes is not None and drill.minutes.median == 10
    assert drill.hints is not None and drill.hints.upper == 1


def test_the_unfinished_are_counted() -> None:
    """Whoever opened a drill and was never graded has not finished; whoever came back has."""
    attempts = [attempt(n, None) for n in range(8)] + [attempt(n, True) for n in range(6)]
    (drill,) = refine(attempts).drills
    assert (drill.learners, drill.graded, drill.unfinished, drill.retries) == (8, 6, 2, 0)


def test_rehearsals_are_reported_apart() -> None:
    """A thousand scripted successes do not make a single learner."""
    attempts = [attempt(f"r{n}", True, rehearsal="reference") for n in range(1000)]
    attempts += [attempt("cheat", False, rehearsal="empty"), attempt("cheat", None, rehearsal="empty")]
    report = refine([*attempts, *(attempt(n, False) for n in range(6))])
    (drill,) = report.drills
    assert (drill.learners, drill.graded) == (6, 6)
    assert drill.solved.solved == clopper_pearson(0, 6)
    assert [(r.solver, r.attempts, r.passed) for r in drill.rehearsals] == [("empty", 2, 0), ("reference", 1000, 1000)]
    alone = refine(attempts)
    assert alone.verdict == "Not enough evidence: no learner has tried a drill yet."
    assert alone.drills[0].solved.n is None


@pytest.mark.parametrize(
    ("attempts", "state", "verdict"),
    [
        ([], "not-enough-evidence", "Not enough evidence: no learner has tried a drill yet."),
        (
            [attempt(n, n % 2 == 0) for n in range(7)],
            "not-enough-evidence",
            "Not enough evidence: 7 of 7 learners graded, 13 more needed.",
        ),
        (
            [attempt(0, None)],
            "not-enough-evidence",
            "Not enough evidence: 0 of 1 learner graded, 20 more needed.",
        ),
        ([attempt(n, n % 2 == 0) for n in range(20)], "in-range", "Nothing to change, from 20 graded learners."),
        (
            [attempt(n, False) for n in range(20)],
            "not-enough-evidence",
            "Not enough evidence: failure-hunt is maybe too hard, from 20 graded learners.",
        ),
        (
            [attempt(n, False) for n in range(36)],
            "flagged",
            "1 part flagged, 1 change proposed, from 36 graded learners.",
        ),
    ],
)
def test_the_verdict_comes_first(attempts: list[Attempt], state: str, verdict: str) -> None:
    """One sentence says where the evidence stands; too little is said as such, never as a fail."""
    report = refine(attempts)
    assert (report.state, report.verdict) == (state, verdict)


def test_no_more_are_asked_for_than_there_are() -> None:
    """A programme of five people is not told that it needs eighteen more; one of forty is."""
    roster = Roster(
        learners=tuple(
            Learner(id=f"l{n}", role="engineer" if n else "lead", code="c", instances=(f"failure-hunt-l{n}",))
            for n in range(5)
        ),
        designer_code="d",
    )
    people = people_of(roster)
    assert people == {"failure-hunt": {"engineer": 4, "lead": 1}}
    few = refine([attempt(n, True) for n in range(2)], people)
    assert few.verdict == "Not enough evidence: 2 of 2 learners graded, 20 needed and the programme has 5."
    assert few.drills[0].solved.verdict.words == "not shown: fewer than 5 learners, 3 more needed"
    all_five = refine([attempt(n, True) for n in range(5)], people).drills[0].solved.verdict
    assert (all_five.words, all_five.needed) == ("not enough evidence, 20 needed and the programme has 5", 15)
    many = refine([attempt(n, True) for n in range(2)], {"failure-hunt": {"engineer": 40}})
    assert many.verdict.endswith("18 more needed.")
    half = clopper_pearson(12, 24)
    assert "more for" not in judge(half, 24).words and "12 more for" in judge(half).words


def test_a_learner_passes_a_check_by_passing_all_of_its_id() -> None:
    """Two failures of one kind in a model are one observation of that kind, not two."""
    attempts = [attempt(n, True, grade=grade(True, [("x", True), ("x", n < 3)])) for n in range(6)]
    part = parts(refine(attempts))["x"]
    assert (part.n, part.solved) == (6, clopper_pearson(3, 6))


def test_small_cohorts_are_not_shown() -> None:
    """Below five learners no rate, time or hint count leaves the report, only how many are needed."""
    report = refine([attempt(n, True, minutes=5, grade=grade(True, [("x", True)])) for n in range(4)])
    (drill,) = report.drills
    assert (drill.minutes, drill.hints) == (None, None)
    for part in (drill.solved, *drill.sub_checks):
        assert (part.n, part.solved, part.verdict.needed) == (None, None, 1)
        assert part.verdict.words == "not shown: fewer than 5 learners, 1 more needed"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=60))
def test_no_small_role_follows_from_the_total(people: list[tuple[str, bool]]) -> None:
    """Subtracting the shown roles from the total never leaves one to four people."""
    (drill,) = refine(attempt(n, passed, role) for n, (role, passed) in enumerate(people)).drills
    sizes = {role: sum(r == role for r, _ in people) for role in {r for r, _ in people}}
    shown = {part.id: part for part in drill.roles if part.solved is not None}
    assert {part.id for part in drill.roles} == sizes.keys()
    for role, part in shown.items():
        solved = sum(passed for r, passed in people if r == role)
        assert part.solved == clopper_pearson(solved, sizes[role]) and sizes[role] >= 5
    for part in drill.roles:
        if part.id not in shown:
            assert (part.n, part.verdict.needed) == (None, 0)
    rest = len(people) - sum(sizes[role] for role in shown)
    if drill.solved.solved is not None:
        assert rest == 0 or rest >= 5
    else:
        assert not shown


@given(st.lists(st.floats(0, 500), min_size=5, max_size=40))
def test_quartiles_are_those_of_numpy(values: list[float]) -> None:
    """Quartiles interpolate between observations, as numpy does by default."""
    (drill,) = refine(attempt(n, True, minutes=value) for n, value in enumerate(values)).drills
    assert drill.minutes is not None
    found = (drill.minutes.lower, drill.minutes.median, drill.minutes.upper)
    assert found == pytest.approx(tuple(numpy.quantile(values, (0.25, 0.5, 0.75))), abs=1e-9)
    assert drill.minutes.median == pytest.approx(statistics.median(values))


def test_drills_are_reported_one_by_one() -> None:
    """Two drills have two reports, and the one with less evidence decides the verdict."""
    many = [attempt(n, n % 2 == 0) for n in range(30)]
    few = [attempt(n, n % 2 == 0).model_copy(update={"drill": "another"}) for n in range(6)]
    report = refine([*many, *few])
    assert [(drill.drill, drill.graded) for drill in report.drills] == [("another", 6), ("failure-hunt", 30)]
    assert report.verdict.endswith("14 more needed.")
    assert RefineReport.from_json(report.to_json()) == report
