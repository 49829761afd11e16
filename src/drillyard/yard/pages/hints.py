"""Hints: each is opened by its own click, after its cost was shown; and the tutor's, which go by what was done."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from drillyard.drills.tutoring.rules import COST
from drillyard.registrar.tutored import Tutored
from drillyard.yard.tutoring import next_advice
from drillyard.yard.visit import Assignment, Visit, page, path_of

__all__ = ["ask_tutor", "open_next", "tell_hints"]


def tell_hints(visit: Visit, one: Assignment) -> dict[str, Any]:
    """Return what the page of a drill says of hints: its own, those of the tutor, those by hand, and what they cost."""
    me, name = visit.me().id, one.instance.id
    rows = visit.yard.store.hints(me, name)
    opened, done = sum(not row.rule for row in rows), visit.request.query_params.get("done", "")
    return {
        "hints": visit.yard.programme.truth(name).hints[: one.instance.hints],
        "opened": opened,
        "advised": [row for row in rows if row.rule],
        "tips": visit.yard.floor.tips(me, name),
        "cost": sum(row.cost for row in rows),
        "advice_cost": _price(one),
        "new_hint": opened if done == "hint" else 0,
        "asks_left": Tutored(visit.yard.store).left(me, name),
        "answered": done if done in ("advice", "silence", "soon") else "",
    }


@page("learner")
def open_next(visit: Visit) -> Response:
    """Open the hint whose cost the learner saw, when it is the next one; any other click changes nothing."""
    one = visit.assignment()
    store, me, name = visit.yard.store, visit.me().id, one.instance.id
    place = sum(not row.rule for row in store.hints(me, name))
    if place < one.instance.hints and visit.field("place") == str(place):
        store.open_hint(me, name, place, visit.yard.programme.truth(name).hints[place].cost)
    return visit.go(f"{path_of(one)}?done=hint#hints")


@page("learner")
def ask_tutor(visit: Visit) -> Response:
    """Give the hint that what was done so far calls for; where none is called for, say so and charge nothing.

    The form tells how many hints of the tutor it was made after, so that a double click asks once.
    """
    one, me = visit.assignment(), visit.me()
    if (price := _price(one)) is None:
        return visit.go(f"{path_of(one)}#hints")
    advice = next_advice(visit.yard, me, one.drill, one.instance)
    came = Tutored(visit.yard.store).ask(me.id, one.instance.id, visit.field("after"), advice, price)
    return visit.go(f"{path_of(one)}?done={came}#hints")


def _price(one: Assignment) -> float | None:
    """Return what a hint of the tutor costs at the level of a drill; `None` where that gives no hints."""
    return {"free": 0.0, "none": None}.get(one.drill.hints, COST)
