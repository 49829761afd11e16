"""The session as its facilitator sees it: who is where, who seems stuck; words to all, the pause, the release."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.programs.people import tell_apart
from drillyard.records import RolePlan
from drillyard.registrar.floor import ANNOUNCED, PAUSED, held_switch, said_hash
from drillyard.registrar.seats import Seat
from drillyard.yard.visit import Visit, page

__all__ = ["change", "say_again", "show"]

_STATES = ("not begun", "in hand", "grading", "not graded", "not passed", "passed")


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show the session; the part that moves is asked for every ten seconds."""
    team = visit.request.query_params.get("team", "")
    seats = visit.yard.seats.all()
    teams = sorted({seat.learner.team for seat in seats} - {""})
    shown = [seat for seat in seats if not team or seat.learner.team == team]
    drills = {seat.drill.id: seat.drill.title for seat in seats}
    for role in visit.yard.programme.plan().roles:
        drills |= _drills(role)
    return visit.render(
        "live.html",
        seats=shown,
        counts=_count(shown),
        states=_STATES,
        names=tell_apart(visit.yard.programme.people()),
        team=team if team in teams else "",
        sums=[] if team else [(name, _count([one for one in seats if one.learner.team == name])) for name in teams],
        teams=teams,
        drills=sorted(drills.items(), key=lambda one: one[1]),
        unattended=visit.yard.submissions.unattended(),
        switches=visit.yard.floor.switches(),
        held=visit.yard.floor.held(),
    )


@page("facilitator")
def change(visit: Visit) -> Response:
    """Set or clear a switch: a word to all, the pause, a drill that is held."""
    what, drill = visit.field("what"), visit.field("drill")
    known = {"announced": ANNOUNCED, "paused": PAUSED, "held": held_switch(drill)}
    if what not in known or (what == "held" and not drill):
        raise HTTPException(400)
    words, floor = visit.field("words").strip(), visit.yard.floor
    if visit.field("off") or (what == "announced" and not words):
        floor.clear(known[what], visit.name)
    else:
        floor.set(known[what], words, visit.name)
    return visit.go("/live")


@page("learner")
def say_again(visit: Visit) -> Response:
    """Return the facilitator's words to a page that stays open, where they are others than it shows."""
    said = visit.yard.floor.switches()
    if visit.request.query_params.get("seen") == said_hash(said):
        return Response(status_code=204)
    return visit.render("said.html", asks=True)


def _drills(role: RolePlan) -> dict[str, str]:
    return {one.activity.drill: one.activity.title for one in role.activities if one.activity.drill}


def _count(seats: Sequence[Seat]) -> list[tuple[str, int]]:
    """Return how many seats are in each state."""
    return [(state, sum(seat.state == state for seat in seats)) for state in _STATES]
