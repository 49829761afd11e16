"""Hints: each is opened by its own click, after its cost was shown."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.yard.pages.drill import path_of
from drillyard.yard.visit import Visit, page

__all__ = ["open_next"]


@page("learner")
def open_next(visit: Visit) -> Response:
    """Open the hint whose cost the learner saw, when it is the next one; any other click changes nothing."""
    one = visit.assignment()
    store, me, name = visit.yard.store, visit.me().id, one.instance.id
    place = len(store.hints(me, name))
    if place < one.instance.hints and visit.field("place") == str(place):
        store.open_hint(me, name, place, visit.yard.programme.truth(name).hints[place].cost)
    return visit.go(f"{path_of(one)}?done=hint#hints")
