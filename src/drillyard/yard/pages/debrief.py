"""The debrief of a drill, for a projector: where the cohort lost points, and a fresh copy worked through; no names."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.drills import load_kit
from drillyard.drills.debrief import Debrief
from drillyard.drills.naming import name_check
from drillyard.programs.refine import SMALLEST_COHORT
from drillyard.records import Attempt, Drill
from drillyard.registrar.attempts import attempts_in
from drillyard.yard.marks import in_words
from drillyard.yard.pages.debriefed import WORKING
from drillyard.yard.pages.designer import solve_rates
from drillyard.yard.visit import Visit, page

__all__ = ["Lost", "check_shares", "show"]


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A check of a drill's grades, by its name: how many of those who were held to it passed it, each time."""

    check: str
    passed: int
    of: int


@page("facilitator", limiter=WORKING)
def show(visit: Visit) -> Response:
    """Show the debrief; while somebody is still at work after a second click only, as it tells how the drill is won."""
    drill, programme = visit.request.path_params["drill"], visit.yard.programme
    seats = [seat for seat in visit.yard.seats.all() if seat.drill.id == drill]
    all_attempts = [one for one in attempts_in(programme, visit.yard.store) if one.drill == drill]
    graded = [one for one in _firsts(all_attempts) if one.grade]
    if not seats and not all_attempts:
        raise HTTPException(404, "Nobody takes a drill of that name.")
    at_work = sum(seat.state in ("in hand", "grading", "not begun") for seat in seats)
    told = not at_work or "anyway" in visit.request.query_params
    enough = len(graded) >= SMALLEST_COHORT
    world = programme.world(programme.plan().worlds.get(drill, ""))
    kit = load_kit(drill, world)
    return visit.render(
        "debrief.html",
        title=kit.drill.title,
        drill=drill,
        at_work=at_work,
        told=told,
        enough=enough,
        smallest=SMALLEST_COHORT,
        graded=len(graded),
        passed=sum(one.grade.passed for one in graded if one.grade),
        scores=sorted(one.grade.final for one in graded if one.grade),
        rates=[(in_words(kind), rate) for kind, rate in solve_rates(programme, all_attempts)] if enough else [],
        lost=check_shares(kit.drill, graded) if enough else [],
        debrief=_worked(drill, world) if told else None,
    )


def check_shares(drill: Drill, graded: Sequence[Attempt]) -> list[Lost]:
    """Return the checks that somebody failed, the ones failed most first; checks that few were held to are left out.

    A grade may hold several checks of one name: who failed one of them has not passed it.
    """
    held: dict[str, list[bool]] = {}
    for attempt in graded:
        mine: dict[str, bool] = {}
        for one in attempt.grade.sub_checks if attempt.grade else ():
            name = name_check(drill, one.id)
            mine[name] = mine.get(name, True) and one.passed
        for name, passed in mine.items():
            held.setdefault(name, []).append(passed)
    lost = [Lost(check=name, passed=sum(found), of=len(found)) for name, found in held.items()]
    kept = [one for one in lost if one.of >= SMALLEST_COHORT and one.passed < one.of]
    return sorted(kept, key=lambda one: (one.passed / one.of, one.check))


def _firsts(attempts: list[Attempt]) -> list[Attempt]:
    return list({one.learner: one for one in reversed(attempts)}.values())


@functools.lru_cache(maxsize=64)
def _worked(drill: str, world: str) -> Debrief:
    """Return a drill worked through on a copy that nobody has, the same until the yard is started again."""
    kit = load_kit(drill, world)
    return kit.debrief(kit.materialise(f"{drill}-example", "facilitator", secrets.randbelow(2**62)))
