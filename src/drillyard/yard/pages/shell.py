"""The door of course platforms: a learner lends their result to a window there, which then asks for it."""

from __future__ import annotations

import dataclasses

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from drillyard.programs.roster import drill_of
from drillyard.registrar.tickets import is_ticket
from drillyard.yard.visit import Visit, page

__all__ = ["lend", "offer", "tell"]

_CUT = "The address of this window is not whole. Open the activity again from your course."


@page("learner")
def offer(visit: Visit) -> Response:
    """Ask whether the course may have the result: only a click lends it, not whoever made the link."""
    asked = visit.request.query_params
    drill, ticket = asked.get("drill", ""), asked.get("ticket", "")
    _copy_of(visit, drill)
    if not is_ticket(ticket):
        raise HTTPException(400, _CUT)
    one = next((one for one in visit.assigned() if one.instance.drill == drill), None)
    return visit.render("shell.html", drill=drill, ticket=ticket, title=one.drill.title if one else drill)


@page("learner", during_pause=True)
def lend(visit: Visit) -> Response:
    """Lend it, and go on to the drill."""
    drill, ticket = visit.field("drill"), visit.field("ticket")
    name = _copy_of(visit, drill)
    if not is_ticket(ticket):
        raise HTTPException(400, _CUT)
    visit.yard.tickets.lend(ticket, visit.me().id, drill)
    return visit.go(f"/drills/{name}")


@page("anyone")
def tell(visit: Visit) -> Response:
    """Tell whoever has the ticket, from any page: it holds no cookie and no name."""
    ticket = visit.request.query_params.get("ticket", "")
    if not is_ticket(ticket):
        raise HTTPException(400, _CUT)
    state = dataclasses.asdict(visit.yard.tickets.state(ticket))
    return JSONResponse(state, headers={"access-control-allow-origin": "*"})


def _copy_of(visit: Visit, drill: str) -> str:
    """Return the learner's last copy of a drill."""
    me = visit.me()
    of = {one.instance.id: one.instance.drill for one in visit.assigned()}
    mine = [name for name in me.instances if of.get(name, drill_of(name, me.id)) == drill]
    if not mine:
        raise HTTPException(404, "Your plan here has no such drill. Tell who runs the course.")
    return mine[-1]
