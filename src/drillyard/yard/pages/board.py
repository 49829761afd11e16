"""The score board, for those who want to be on it."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.registrar.attempts import attempts_in
from drillyard.registrar.board import rank
from drillyard.yard.visit import Visit, page

__all__ = ["change", "show"]


@page("learner")
def show(visit: Visit) -> Response:
    """Show who is on it."""
    return _page(visit)


@page("learner")
def change(visit: Visit) -> Response:
    """Step on the board, change one's name there, or step off."""
    board, me = visit.yard.board, visit.me().id
    if visit.field("leave"):
        board.leave(me)
        return visit.go("/board")
    try:
        board.join(me, visit.field("shown_as"))
    except BadInput as error:
        return _page(visit, 422, str(error))
    return visit.go("/board")


def _page(visit: Visit, status: int = 200, error: str = "") -> Response:
    names, me = visit.yard.board.names(), visit.me().id
    rows = rank(attempts_in(visit.yard.programme, visit.yard.store), names, me)
    typed = visit.field("shown_as") or names.get(me, "")
    return visit.render("board.html", status, rows=rows, joined=me in names, typed=typed, error=error)
