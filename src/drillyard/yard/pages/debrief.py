"""The debrief of a drill, for a projector: where the cohort lost points, and what the models said; no names."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.programs.refine import SMALLEST_COHORT
from drillyard.records import Attempt, FailureResult
from drillyard.registrar.attempts import attempts_in
from drillyard.yard.marks import in_words
from drillyard.yard.pages.designer import solve_rates
from drillyard.yard.pages.result import Pair, pairs
from drillyard.yard.visit import Visit, page

__all__ = ["Lost", "check_shares", "show"]


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A check of a drill's grades: how many of those who were held to it passed it."""

    check: str
    passed: int
    of: int


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show the debrief; while somebody is still at work after a second click only, as it tells what was planted."""
    drill = visit.request.path_params["drill"]
    seats = [seat for seat in visit.yard.seats.all() if seat.drill.id == drill]
    all_attempts = [one for one in attempts_in(visit.yard.programme, visit.yard.store) if one.drill == drill]
    graded = [one for one in _firsts(all_attempts) if one.grade]
    if not seats and not all_attempts:
        raise HTTPException(404, "Nobody takes a drill of that name.")
    at_work = sum(seat.state in ("in hand", "grading", "not begun") for seat in seats)
    told = not at_work or "anyway" in visit.request.query_params
    enough = len(graded) >= SMALLEST_COHORT
    return visit.render(
        "debrief.html",
        title=seats[0].drill.title if seats else in_words(drill),
        drill=drill,
        at_work=at_work,
        told=told,
        enough=enough,
        smallest=SMALLEST_COHORT,
        graded=len(graded),
        passed=sum(one.grade.passed for one in graded if one.grade),
        scores=sorted(one.grade.final for one in graded if one.grade),
        rates=[(in_words(kind), rate) for kind, rate in solve_rates(visit.yard.programme, all_attempts)],
        lost=check_shares(graded) if enough else [],
        seen=_seen(graded) if told else None,
    )


def check_shares(graded: list[Attempt]) -> list[Lost]:
    """Return the checks that somebody failed, the ones failed most first; checks that few were held to are left out."""
    held: dict[str, list[bool]] = {}
    for attempt in graded:
        for one in attempt.grade.sub_checks if attempt.grade else ():
            held.setdefault(one.id, []).append(one.passed)
    lost = [Lost(check=name, passed=sum(found), of=len(found)) for name, found in held.items()]
    kept = [one for one in lost if one.of >= SMALLEST_COHORT and one.passed < one.of]
    return sorted(kept, key=lambda one: (one.passed / one.of, one.check))


def _firsts(attempts: list[Attempt]) -> list[Attempt]:
    return list({one.learner: one for one in reversed(attempts)}.values())


def _seen(graded: list[Attempt]) -> tuple[FailureResult, Pair] | None:
    """Return a planted failure with one question that showed it: of the model, and of its clean twin."""
    for attempt in graded:
        grade = attempt.grade
        for claim in grade.claims if grade else ():
            planted = next((one for one in grade.failures if one.failure == claim.failure), None) if grade else None
            if planted and claim.status == "confirmed" and (asked := pairs(claim)):
                return planted, asked[0]
    return None
