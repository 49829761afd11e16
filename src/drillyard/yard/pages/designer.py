"""The designer's page: the plan, the cohort, what is hard, and how sound the drills are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.page import tell_queue
from drillyard.programs.material.queue import find_material
from drillyard.programs.people import tell_apart
from drillyard.programs.refine import SMALLEST_COHORT
from drillyard.programs.roster import Learner, drill_of
from drillyard.psychometrics.gain import Gain
from drillyard.records import Attempt, Estimate, GateReport
from drillyard.registrar.attempts import attempts_in
from drillyard.registrar.differences import differences
from drillyard.registrar.lessons import first_answers_in, gains
from drillyard.registrar.submissions import GradingProgress
from drillyard.stats import clopper_pearson
from drillyard.yard.marks import in_words
from drillyard.yard.visit import Visit, Yard, find_released, page

__all__ = ["Place", "Solver", "render_designer", "show", "solve_rates", "solvers"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A seat of the cohort: one try of a learner at a drill and what has become of it; `last` where none follows."""

    learner: str
    role: str
    instance: str
    drill: str
    last: bool
    status: str
    attempt: Attempt | None


@dataclass(frozen=True, kw_only=True)
class Solver:
    """A scripted solver over all drills: how many it tried and passed, between which scores. No grade counts as 0."""

    name: str
    tried: int
    passed: int
    lowest: float
    highest: float


@page("auditor")
def show(visit: Visit) -> Response:
    """Show the programme as its designer sees it; to an auditor without the people."""
    return render_designer(visit)


def render_designer(visit: Visit, told: str = "", status: int = 200) -> Response:
    """Render the designer's page; `told` says what a button of it has done."""
    yard = visit.yard
    attempts = attempts_in(yard.programme, yard.store)
    material, counted = find_material(yard.programme), first_answers_in(yard.programme, yard.store)
    return visit.render(
        "designer.html",
        status,
        brief=yard.programme.brief(),
        plan=yard.programme.plan(),
        roster=yard.programme.roster(),
        names=tell_apart(yard.programme.people()),
        told=told,
        material=material,
        queue=tell_queue(material) if material else "",
        cohort=_cohort(yard, attempts),
        smallest=SMALLEST_COHORT,
        rates=[(in_words(kind), rate) for kind, rate in solve_rates(yard.programme, attempts)],
        lessons=[(one.title, first) for one, first in counted if any(each.answers for each in first)],
        gains=_gains(yard),
        differences=list(differences(counted, yard.programme.roster())),
        rehearsals=solvers(yard.programme.attempts()),
        gates=_gates(yard.programme),
    )


def solve_rates(programme: ProgramFolder, attempts: Sequence[Attempt]) -> list[tuple[str, Estimate]]:
    """Return per kind of planted failure how many of those who could find it did, the hardest first.

    A learner counts once, with their first grade; a kind that fewer than `SMALLEST_COHORT` of them met is not given, as
    in `drillyard refine`.
    """
    met: Counter[str] = Counter()
    found: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for attempt in attempts:
        if attempt.grade is None or (attempt.learner, attempt.drill) in seen:
            continue
        seen.add((attempt.learner, attempt.drill))
        kinds = {mode.id: mode.kind for mode in programme.truth(attempt.instance).failures}
        for result in attempt.grade.failures:
            met[kinds[result.failure]] += 1
            found[kinds[result.failure]] += result.found
    rates = [(kind, clopper_pearson(found[kind], n)) for kind, n in met.items() if n >= SMALLEST_COHORT]
    return sorted(rates, key=lambda rate: (rate[1].value, rate[0]))


def solvers(rehearsals: Iterable[Attempt]) -> list[Solver]:
    """Return how each scripted solver fared, in the order in which they first tried."""
    tries: dict[str, list[Attempt]] = {}
    for attempt in rehearsals:
        tries.setdefault(attempt.rehearsal, []).append(attempt)
    found = []
    for name, attempts in tries.items():
        scores = [attempt.grade.final if attempt.grade else 0.0 for attempt in attempts]
        passed = sum(attempt.grade is not None and attempt.grade.passed for attempt in attempts)
        found.append(Solver(name=name, tried=len(attempts), passed=passed, lowest=min(scores), highest=max(scores)))
    return found


def _cohort(yard: Yard, attempts: Sequence[Attempt]) -> list[Place]:
    done = {(one.submission.learner, one.submission.instance): one for one in yard.submissions.all()}
    begun = {(one.learner, one.instance): one for one in attempts}
    places = []
    for learner in yard.programme.roster().learners:
        for instance in learner.instances:
            key = learner.id, instance
            drill = drill_of(instance, learner.id)
            places.append(
                Place(
                    learner=learner.id,
                    role=learner.role,
                    instance=instance,
                    drill=drill,
                    last=instance == (learner.tries(drill) or (instance,))[-1],
                    status=_ready(yard, instance, learner) or _status(done.get(key), begun.get(key)),
                    attempt=begun.get(key),
                )
            )
    return places


def _ready(yard: Yard, instance: str, learner: Learner) -> str:
    """Return why a copy cannot be opened, or nothing when it can."""
    if find_released(yard.programme, instance):
        return ""
    ours = yard.programme.roster().built_by_the_yard(learner, instance)
    return "being prepared" if ours and not yard.builder.waiting(instance).given_up else "held back"


def _status(progress: GradingProgress | None, attempt: Attempt | None) -> str:
    if progress is None:
        return "in hand" if attempt else "not begun"
    if progress.grade is not None:
        return "passed" if progress.grade.passed else "not passed"
    if progress.waiting:
        return "grading"
    return f"grading failed{'' if progress.retries else ', no retry left'}: {progress.error}"


def _gains(yard: Yard) -> list[tuple[str, Gain]]:
    """Return per pretest, by title, what was learned until its other form."""
    titles = {step.activity.id: step.activity.title for role in yard.programme.plan().roles for step in role.activities}
    return [(titles[name], gain) for name, gain in gains(yard.programme, yard.store)]


def _gates(programme: ProgramFolder) -> list[GateReport]:
    """Return the gate reports there are, those of instances that were given up included."""
    reports = []
    for learner in programme.roster().learners:
        for instance in learner.instances:
            with suppress(BadInput):  # not built yet
                reports.append(programme.gates(instance))
    return reports
