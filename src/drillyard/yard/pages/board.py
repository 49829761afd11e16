"""The score board, for those who want to be on it."""

from __future__ import annotations

from collections import Counter

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.refine import SMALLEST_COHORT
from drillyard.registrar.attempts import attempts_in
from drillyard.registrar.board import add_up, rank
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
    yard, me = visit.yard, visit.me().id
    names = yard.board.names()
    teams = {one.id: one.team for one in yard.programme.roster().learners if one.id in names}
    led = Counter(row.learner for row in yard.led.all() if row.by != row.learner)  # readings are their own word
    rows = rank(attempts_in(yard.programme, yard.store), {one: names[one] for one in teams}, me, led)
    sums, asked = add_up(rows, teams), visit.request.query_params.get("team", "")
    team = asked if asked in {one.team for one in sums} else ""
    shown = [one for one in rows if team in ("", teams[one.learner])]
    typed = visit.field("shown_as") or names.get(me, "")
    return visit.render(
        "board.html", status, rows=shown, sums=sums, team=team, smallest=SMALLEST_COHORT, joined=me in names,
        typed=typed, error=error,
    )  # fmt: skip
