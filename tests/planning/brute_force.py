"""Planning by trying every subset of activities: slow, obvious, and without a solver, so that it can judge one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

from drillyard.planning.graph import Catalogue
from drillyard.records import Activity, RoleNeed

WORTH = {"critical": 240, "important": 120, "useful": 60}
SHOWS = {"performance": "drill", "work-sample": "work-sample", "choice": "quiz", "discussion": "discussion"}


def subsets(items: tuple) -> Iterator[tuple]:
    """Yield every subset, the empty one first."""
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


def choices(catalogue: Catalogue) -> list[tuple[Activity, ...]]:
    """Return every set of activities that holds what each of them comes after.

    One person does one thing at a time and no prerequisites form a cycle, so each such set can be put in order.
    """
    return [
        chosen
        for chosen in subsets(catalogue.activities)
        if all(set(a.after) <= {other.id for other in chosen} for a in chosen)
    ]


def minutes(chosen: tuple[Activity, ...]) -> int:
    """Return how long a set of activities takes."""
    return sum(activity.minutes for activity in chosen)


def shown(catalogue: Catalogue, chosen: tuple[Activity, ...]) -> set[str]:
    """Return the objectives that a set of activities gives evidence of."""
    return {o.id for o in catalogue.objectives for a in chosen if o.id in a.objectives and a.kind == SHOWS[o.evidence]}


def required(catalogue: Catalogue) -> set[str]:
    """Return the critical objectives and the drills of the only role: what every plan must hold."""
    role = catalogue.roles[0]
    critical = {o.id for o in catalogue.objectives if role.competencies[o.competency] == "critical"}
    return critical | set(role.drills)


def holds(catalogue: Catalogue, chosen: tuple[Activity, ...], needed: set[str]) -> bool:
    """Say whether a set of activities holds the needed objectives and drills."""
    return needed <= shown(catalogue, chosen) | {a.drill for a in chosen}


def best_value(catalogue: Catalogue, need: RoleNeed) -> int | None:
    """Return the highest worth minus minutes of any plan that fits, or None when none does."""
    role = catalogue.roles[0]
    worth = {o.id: WORTH[role.competencies[o.competency]] for o in catalogue.objectives}
    values = [
        sum(worth[o] for o in shown(catalogue, chosen)) - minutes(chosen)
        for chosen in choices(catalogue)
        if minutes(chosen) <= need.hours * 60 and holds(catalogue, chosen, required(catalogue))
    ]
    return max(values, default=None)
