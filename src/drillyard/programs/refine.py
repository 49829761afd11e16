"""Refining a programme: what the attempts say about each drill, and what they cannot say yet: `drillyard refine DIR`.

One learner counts once: their first graded attempt, because later tries are not independent of it. Rehearsals are
reported apart and never counted as learners. A number about fewer than `SMALLEST_COHORT` learners is not given, nor
one that could be had by subtracting a number from another.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from drillyard.programs.roster import Roster
from drillyard.psychometrics.analysis import Analysis, Proposal
from drillyard.psychometrics.experiment import RevisionDecision
from drillyard.psychometrics.gain import Gain
from drillyard.records import Attempt, Estimate, Grade, Record
from drillyard.stats.binomial import clopper_pearson
from drillyard.stats.shown import percent, tell_count

__all__ = [
    "SMALLEST_COHORT",
    "DrillReport",
    "Part",
    "Quartiles",
    "RefineReport",
    "Rehearsal",
    "State",
    "Verdict",
    "first_graded",
    "judge",
    "people_of",
    "refine",
]

State = Literal["in-range", "flagged", "not-enough-evidence"]

SMALLEST_COHORT = 5
"""Privacy: below it a rate would tell what single people did. Policy, not measured."""

TOO_HARD, TOO_EASY = 0.1, 0.95
"""Policy: a drill that under one in ten or over 19 in 20 solve tells little about anybody."""

LADDER = (
    (1000, "two-parameter models and equating of forms"),
    (300, "two-parameter models; group differences for large groups"),
    (100, "first flags on discrimination, with wide intervals"),
    (72, "difficulty with a prior; flags on very hard and very easy parts"),
    (50, "difficulty with a prior; flags on very hard parts"),
    (36, "flags on very hard parts"),
    (20, "the rate with its interval"),
)
"""From how many learners on which statements are allowed: from the simulation in `docs/reference/programs.md`; for
flags from the exact interval, which lies below `TOO_HARD` from 0 of 36 on and above `TOO_EASY` from 72 of 72 on."""


class Verdict(Record):
    """What a rate allows to say. `needed` is how many more learners the next statement takes, 0 on the last rung."""

    flag: str = ""
    words: str
    needed: int = Field(ge=0)


class Quartiles(Record):
    """Lower quartile, median and upper quartile of a quantity over n learners."""

    lower: float
    median: float
    upper: float
    n: int


class Part(Record):
    """How many learners solved something: a drill, a sub-check, or a drill within a role.

    `solved` is empty where the cohort is too small to be shown; `n` is then empty too.
    """

    id: str
    n: int | None
    solved: Estimate | None
    verdict: Verdict


class Rehearsal(Record):
    """How a scripted solver fared, or a model that was given the papers; neither is a learner."""

    solver: str
    attempts: int
    passed: int
    rate: Estimate


class DrillReport(Record):
    """What is known of one drill.

    `unfinished` counts learners without any graded attempt: nothing says that they have given up, or that time is over.
    """

    drill: str
    learners: int
    graded: int
    unfinished: int
    retries: int
    solved: Part
    minutes: Quartiles | None
    hints: Quartiles | None
    sub_checks: tuple[Part, ...]
    roles: tuple[Part, ...]
    rehearsals: tuple[Rehearsal, ...]
    proposals: tuple[str, ...]


class RefineReport(Record):
    """What is known of a programme's drills. `in-range`: every drill has enough evidence, and no flag.

    `parts` are all parts of drills on one scale, `items` all questions on another, `questions` what is proposed for
    those by what was chosen, `gains` by pretest what people gained, `experiments` what is tried; all of them come from
    a programme's folder.
    """

    state: State
    verdict: str
    drills: tuple[DrillReport, ...]
    parts: Analysis | None = None
    items: Analysis | None = None
    questions: tuple[Proposal, ...] = ()
    experiments: tuple[RevisionDecision, ...] = ()
    gains: dict[str, Gain] = {}


def people_of(roster: Roster) -> dict[str, Counter[str]]:
    """Return how many people of each role a drill is for."""
    found: dict[str, Counter[str]] = {}
    for learner in roster.learners:
        for drill in learner.drills:
            found.setdefault(drill, Counter())[learner.role] += 1
    return found


def refine(attempts: Iterable[Attempt], people: Mapping[str, Mapping[str, int]] = MappingProxyType({})) -> RefineReport:
    """Report per drill and sub-check how many learners solve it, in what time, and what that allows to say.

    Args:
        attempts: those of one learner in the order in which they were made.
        people: how many of each role a drill is for, where that is known: more than these are not asked for.
    """
    attempts = tuple(attempts)
    drills = tuple(
        _drill([a for a in attempts if a.drill == drill], people.get(drill, {}))
        for drill in sorted({a.drill for a in attempts})
    )
    state, verdict = _summary(drills, {drill: sum(roles.values()) for drill, roles in people.items()})
    return RefineReport(state=state, verdict=verdict, drills=drills)


def judge(solved: Estimate, people: int = 0) -> Verdict:
    """Say what a solve rate from `solved.n` learners allows to say, and how many more the next statement takes.

    `people` is how many there are in all, 0 where that is not known.
    """
    n = solved.n
    allowed = next((words for least, words in LADDER if n >= least), "")
    needed = next((least - n for least, _ in reversed(LADDER) if n < least), 0)
    if not allowed:
        return Verdict(words=f"not enough evidence, {_wanted(needed, n, people)}", needed=needed)
    flag = "too hard" if solved.high < TOO_HARD else "too easy" if solved.low > TOO_EASY else ""
    more = f"; {needed} more for the next step" if needed and not _too_few(needed, n, people) else ""
    words = flag or _doubt(solved) or "in range"
    return Verdict(flag=flag, words=f"{words}; {n} learners allow {allowed}{more}", needed=needed)


def _too_few(needed: int, n: int, people: int) -> bool:
    return 0 < people < n + needed


def _wanted(needed: int, n: int, people: int) -> str:
    """Say how many more learners are needed, or that the programme has not got so many."""
    if not _too_few(needed, n, people):
        return f"{needed} more needed"
    return f"{n + needed} needed and the programme has {people}"


def _doubt(solved: Estimate) -> str:
    """Say which bound an interval holds inside it, so that a rate can be on either side of it."""
    return "maybe too hard" if solved.low < TOO_HARD else "maybe too easy" if solved.high > TOO_EASY else ""


def _drill(attempts: Sequence[Attempt], people: Mapping[str, int]) -> DrillReport:
    made = [attempt for attempt in attempts if not attempt.rehearsal]
    first = first_graded(made)
    learners = {attempt.learner for attempt in made}
    grades = [grade for attempt in first if (grade := attempt.grade)]
    everybody = sum(people.values())
    solved = _part(attempts[0].drill, [grade.passed for grade in grades], everybody)
    sub_checks = _sub_checks(grades, everybody)
    return DrillReport(
        drill=attempts[0].drill,
        learners=len(learners),
        graded=len(first),
        unfinished=len(learners) - len(first),
        retries=sum(attempt.grade is not None for attempt in made) - len(first),
        solved=solved,
        minutes=_quartiles([attempt.minutes for attempt in first if attempt.minutes is not None]),
        hints=_quartiles([attempt.hints for attempt in first]),
        sub_checks=sub_checks,
        roles=_roles(first, people),
        rehearsals=_rehearsals(attempts),
        proposals=tuple(_proposals(solved)),
    )


def first_graded(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return each learner's first graded attempt at a drill."""
    first: dict[str, Attempt] = {}
    for attempt in attempts:
        if attempt.grade is not None:
            first.setdefault(attempt.learner, attempt)
    return list(first.values())


def _part(name: str, passed: Sequence[bool], people: int) -> Part:
    """Return a solve rate, or nothing but its absence when the cohort is small."""
    if len(passed) < SMALLEST_COHORT:
        needed = SMALLEST_COHORT - len(passed)
        words = f"not shown: fewer than {SMALLEST_COHORT} learners, {_wanted(needed, len(passed), people)}"
        return Part(id=name, n=None, solved=None, verdict=Verdict(words=words, needed=needed))
    solved = clopper_pearson(sum(passed), len(passed))
    return Part(id=name, n=len(passed), solved=solved, verdict=judge(solved, people))


def _sub_checks(grades: Sequence[Grade], people: int) -> tuple[Part, ...]:
    """Return one part per sub-check id; a learner passes an id by passing every check of that id."""
    passed: dict[str, list[bool]] = {}
    for grade in grades:
        for check in sorted({check.id for check in grade.sub_checks}):
            passed.setdefault(check, []).append(all(c.passed for c in grade.sub_checks if c.id == check))
    return tuple(_part(check, passed[check], people) for check in sorted(passed))


def _roles(first: Sequence[Attempt], people: Mapping[str, int]) -> tuple[Part, ...]:
    """Return one part per role, hiding enough of them that no small role follows from the total."""
    passed: dict[str, list[bool]] = {}
    for attempt in first:
        passed.setdefault(attempt.role, []).append(bool(attempt.grade and attempt.grade.passed))
    hidden = {role for role, results in passed.items() if len(results) < SMALLEST_COHORT}
    by_size = sorted(passed, key=lambda role: (len(passed[role]), role))
    while 0 < sum(len(passed[role]) for role in hidden) < SMALLEST_COHORT and len(hidden) < len(passed):
        hidden.add(next(role for role in by_size if role not in hidden))
    # How many more are needed would tell how many there are.
    words = f"not shown: fewer than {SMALLEST_COHORT} learners, or a smaller role would follow from it"
    nothing = Verdict(words=words, needed=0)
    return tuple(
        Part(id=role, n=None, solved=None, verdict=nothing)
        if role in hidden
        else _part(role, passed[role], people.get(role, 0))
        for role in sorted(passed)
    )


def _rehearsals(attempts: Iterable[Attempt]) -> tuple[Rehearsal, ...]:
    results: dict[str, list[bool]] = {}
    for attempt in attempts:
        if attempt.rehearsal:
            results.setdefault(attempt.rehearsal, []).append(attempt.grade is not None and attempt.grade.passed)
    return tuple(
        Rehearsal(solver=s, attempts=len(r), passed=sum(r), rate=clopper_pearson(sum(r), len(r)))
        for s, r in sorted(results.items())
    )


def _quartiles(values: Sequence[float]) -> Quartiles | None:
    if len(values) < SMALLEST_COHORT:
        return None
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Quartiles(lower=lower, median=median, upper=upper, n=len(values))


def _proposals(drill: Part) -> Iterator[str]:
    """Say what a brief can change where a drill is flagged; no brief changes a part, so parts are flagged only."""
    if drill.solved is None or not drill.verdict.flag:
        return
    limit = TOO_HARD if drill.verdict.flag == "too hard" else TOO_EASY
    value, low, high = (percent(one, limit) for one in (drill.solved.value, drill.solved.low, drill.solved.high))
    rate = f"{drill.id}: {value} solve it ({low} to {high}, n = {drill.n})"
    leave_out = f"'without: [{drill.id}]' in the brief for a role"
    if drill.verdict.flag == "too hard":
        yield f"{rate}; give its roles more hours, so that more preparation is planned, or {leave_out}"
    else:
        yield f"{rate}; where a role can do it already, write {leave_out}"


def _summary(drills: Sequence[DrillReport], people: Mapping[str, int]) -> tuple[State, str]:
    """Say in one word and in one sentence where the evidence stands."""
    graded, learners = sum(drill.graded for drill in drills), sum(drill.learners for drill in drills)
    flagged = sum(bool(part.verdict.flag) for drill in drills for part in (drill.solved, *drill.sub_checks))
    if flagged:
        proposed = tell_count(sum(len(drill.proposals) for drill in drills), "change")
        return (
            "flagged",
            f"{tell_count(flagged, 'part')} flagged, {proposed} proposed, from {tell_count(graded, 'graded learner')}.",
        )
    if not learners:
        return "not-enough-evidence", "Not enough evidence: no learner has tried a drill yet."
    least = min(drills, key=lambda drill: drill.graded)
    if (needed := LADDER[-1][0] - least.graded) > 0:
        wanted = _wanted(needed, least.graded, people.get(least.drill, 0))
        return (
            "not-enough-evidence",
            f"Not enough evidence: {graded} of {tell_count(learners, 'learner')} graded, {wanted}.",
        )
    if doubts := [f"{drill.drill} is {doubt}" for drill in drills if (doubt := _doubt_of(drill.solved))]:
        return (
            "not-enough-evidence",
            f"Not enough evidence: {'; '.join(doubts)}, from {tell_count(graded, 'graded learner')}.",
        )
    return "in-range", f"Nothing to change, from {tell_count(graded, 'graded learner')}."


def _doubt_of(part: Part) -> str:
    return _doubt(part.solved) if part.solved else ""
