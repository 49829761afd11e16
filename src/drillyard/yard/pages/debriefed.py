"""A learner's debrief, when the last attempt is over: what was planted, their way to it, the reference's."""

from __future__ import annotations

import anyio
from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.drills.levels import kit_of
from drillyard.drills.naming import name_check
from drillyard.programs.roster import drill_of
from drillyard.records import Grade
from drillyard.registrar.walked import ENDED, is_over, walk_of
from drillyard.yard.marks import in_words
from drillyard.yard.pages.paper import sheet_of
from drillyard.yard.visit import Assignment, Visit, page, path_of

__all__ = ["WORKING", "end", "is_told", "show"]

WORKING = anyio.CapacityLimiter(1)
"""Debriefs that are worked out at a time: each takes up to four seconds of a core."""


@page("learner", limiter=WORKING)
def show(visit: Visit) -> Response:
    """Show the debrief of a copy. One whose drill is not over is answered as a page that does not exist."""
    one, me = visit.assignment(), visit.me()
    if not is_told(visit, one):
        raise HTTPException(404, "The debrief of a drill is here when your last attempt at it is over.")
    programme, name = visit.yard.programme, one.instance.id
    progress = visit.yard.submissions.of(me.id, name)
    assert progress is not None and progress.grade is not None  # else it would not be over
    truth = programme.truth(name)
    kit = kit_of(one.instance)
    return visit.render(
        "debriefed.html",
        one=one,
        here=path_of(one),
        grade=progress.grade,
        debrief=kit.debrief(kit.open(one.instance, truth, programme.target(one.instance))),
        steps=walk_of(visit.yard.store, me.id, name, [hint.text for hint in truth.hints], _names(visit, one)),
        checks=[(name_check(one.drill, check.id), check.passed) for check in progress.grade.sub_checks],
        reference=_reference(visit, one),
    )


@page("learner")
def end(visit: Visit) -> Response:
    """End a drill that was not passed: no further try, and its debrief. A second click changes nothing."""
    one, me = visit.assignment(), visit.me()
    progress = visit.yard.submissions.of(me.id, one.instance.id)
    tries = me.tries(drill_of(one.instance.id, me.id))
    if progress is None or progress.grade is None or one.instance.id != tries[-1]:
        return visit.go(path_of(one))
    if not is_told(visit, one):
        visit.yard.store.happened(me.id, one.instance.id, ENDED)
    return visit.go(f"{path_of(one)}/debrief")


def is_told(visit: Visit, one: Assignment) -> bool:
    """Say whether the debrief of a learner's copy may be read."""
    me = visit.me()
    return is_over(visit.yard.programme.brief(), visit.yard.store, me, drill_of(one.instance.id, me.id))


def _names(visit: Visit, one: Assignment) -> dict[str, str]:
    """Return what codes of events are called: behaviours of the world, looks at the bench."""
    names = {code: in_words(code) for code in one.instance.behaviours}
    if one.drill.hands_in == "answers" and (bench := sheet_of(visit, one).bench):
        taken = visit.yard.held.looks(visit.me().id, one.instance.id)
        names |= {look.key: bench.words(look.key, model=True) for look in taken}
    return names


def _reference(visit: Visit, one: Assignment) -> Grade | None:
    """Return the grade that the reference got on this very copy, when it was proven."""
    found = [
        attempt.grade
        for attempt in visit.yard.programme.rehearsals(one.instance.id)
        if attempt.rehearsal == "reference" and attempt.grade
    ]
    return found[0] if found else None
