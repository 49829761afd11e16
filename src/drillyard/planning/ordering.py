"""Putting the chosen activities of a role in order: prerequisites first, what prepares close before its activity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from drillyard.records import Activity

__all__ = ["order", "pairs"]


def pairs(activities: Sequence[Activity], orders: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return (first, then) for all of some activities that must stand in that order."""
    here = {activity.id for activity in activities}
    after = {(first, a.id) for a in activities for first in a.after}
    return {(first, then) for first, then in {*after, *orders} if first in here and then in here}


def order(activities: Sequence[Activity], orders: Iterable[tuple[str, str]]) -> list[Activity]:
    """Return activities in an order that keeps all prerequisites and, as far as moves of one find it, waits least.

    A wait is the time between the end of an activity and the start of one that comes `after` it. The sum of waits is
    that of all starts, each weighted by how many activities it comes after less how many come after it, up to a
    constant (1|prec|ΣwC, which is NP-hard): from an order by depth first, one activity at a time is moved to where it
    helps most, until none helps.

    Args:
        activities: closed under `after`, without a circle.
        orders: further pairs (first, then) by id.
    """
    bound = pairs(activities, orders)
    chain = _depth_first(activities, bound)
    weights = Counter(a.id for a in activities for _ in a.after)
    weights.subtract(first for a in activities for first in a.after)
    moved = True
    while moved:
        moved = False
        for activity in list(chain):
            place = chain.index(activity)
            gain, to = min(_moves(chain, place, bound, weights), default=(0, place))
            if gain < 0:
                chain.insert(to, chain.pop(place))
                moved = True
    return chain


def _moves(
    chain: Sequence[Activity], place: int, bound: Collection[tuple[str, str]], weights: Mapping[str, int]
) -> Iterable[tuple[int, int]]:
    """Yield by how much the waits change, and where to, for every place that the order lets an activity move to."""
    moving = chain[place]
    for step in (-1, 1):
        change, at = 0, place + step
        while 0 <= at < len(chain):
            passed = chain[at]
            if ((passed.id, moving.id) if step < 0 else (moving.id, passed.id)) in bound:
                break
            change += step * (weights[moving.id] * passed.minutes - weights[passed.id] * moving.minutes)
            yield change, at
            at += step


def _depth_first(activities: Sequence[Activity], bound: Collection[tuple[str, str]]) -> list[Activity]:
    by_id = {activity.id: activity for activity in activities}
    before = {name: [first for first in by_id if (first, name) in bound] for name in by_id}
    done: dict[str, Activity] = {}

    def visit(name: str) -> None:
        if name not in done:
            for first in before[name]:
                visit(first)
            done[name] = by_id[name]

    for name in by_id:
        visit(name)
    return list(done.values())
