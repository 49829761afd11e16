"""The catalogue: what there is to learn, by words, role, skill and kind."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.drills.levels import tell_levels
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.finding import entries_of, find, nearest
from drillyard.yard.visit import Visit, find_kit, page

__all__ = ["show"]


@page("member")
def show(visit: Visit) -> Response:
    """Show what the search finds; where it finds nothing, what to try."""
    catalogue = load_catalogue(visit.yard.programme.path)
    asked = {name: visit.request.query_params.get(name, "")[:80] for name in ("words", "role", "skill", "kind")}
    entries = entries_of(catalogue)
    found = find(entries, **asked)
    plan = visit.yard.programme.plan()
    mine = {step.activity.id for role in plan.roles if _mine(visit, role.role) for step in role.activities}
    return visit.render(
        "catalogue.html",
        found=found,
        asked=asked,
        total=len(entries),
        near=[] if found else nearest(entries, asked["words"]),
        mine=mine,
        levels={one: tell_levels(find_kit(one).drill) for one in {entry.activity.drill for entry in found} if one},
        roles=[(one.id, one.title) for one in catalogue.roles],
        skills=[(one.id, one.title) for one in catalogue.competencies],
        kinds=sorted({one.activity.kind for one in entries}),
    )


def _mine(visit: Visit, role: str) -> bool:
    return visit.learner is None or visit.learner.role == role
