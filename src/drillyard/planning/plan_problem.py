"""One role's planning problem: what can be planned, what it is worth, and which rules must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.drills import load_kit
from drillyard.drills.levels import at_level
from drillyard.planning.graph import Catalogue, Role
from drillyard.records import Activity, Objective, RoleNeed

__all__ = ["HOURS", "PlanRule", "Problem", "pose"]

HOURS = "hours"
"""The name of the rule that the plan fits into the role's hours."""

WORTH = {"critical": 240, "important": 120, "useful": 60}
"""Points for covering an objective; a planned minute costs one point. Policy, open to revision."""


@dataclass(frozen=True, kw_only=True)
class PlanRule:
    """At least one of `activities` must be planned.

    Critical objectives that the same activities show stand and fall together, so they are one rule; a drill that the
    role takes belongs to the rule of its own activities.
    """

    name: str
    activities: tuple[str, ...]
    objectives: tuple[Objective, ...] = ()
    drill: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What can be planned for one role, and what must be.

    `limit` is in minutes per person; `shown_by` maps each objective to the activities that give evidence of it;
    `orders` holds pairs (first, then) that bind when both are planned.
    """

    role: str
    title: str
    limit: int
    activities: tuple[Activity, ...]
    worth: Mapping[str, int]
    shown_by: Mapping[str, tuple[str, ...]]
    orders: tuple[tuple[str, str], ...]
    rules: tuple[PlanRule, ...]

    @property
    def rule_names(self) -> tuple[str, ...]:
        """All rules; the hours come last, because they are what a designer can change most easily."""
        return (*(rule.name for rule in self.rules), HOURS)


def pose(need: RoleNeed, catalogue: Catalogue, reserved: int = 0) -> Problem:
    """Pose the planning problem of one role; `reserved` minutes of its hours are not for activities."""
    role = catalogue.role(need.id)
    activities = tuple(_at_level(one, need.level) for one in catalogue.open_to(role, need.without))
    shown_by = {
        objective.id: shown
        for objective in catalogue.objectives_of(role)
        if objective.id not in need.without
        and (shown := tuple(a.id for a in activities if catalogue.shows(a, objective)))
    }
    by_id = {objective.id: objective for objective in catalogue.objectives}
    return Problem(
        role=role.id,
        title=role.title,
        limit=max(0, round(need.hours * 60) - reserved),
        activities=activities,
        worth={o: WORTH[role.competencies[by_id[o].competency]] for o in shown_by},
        shown_by=shown_by,
        orders=tuple(catalogue.orders(activities)),
        rules=_rules(role, activities, {by_id[o]: shown for o, shown in shown_by.items()}),
    )


def _at_level(activity: Activity, level: str) -> Activity:
    """Return an activity with the minutes that its drill takes at a level."""
    if not (level and activity.drill):
        return activity
    return activity.model_copy(update={"minutes": at_level(load_kit(activity.drill), level).drill.minutes})


def _rules(
    role: Role, activities: tuple[Activity, ...], shown_by: dict[Objective, tuple[str, ...]]
) -> tuple[PlanRule, ...]:
    """Return what must be planned: the role's critical objectives, then its drills."""
    drills = {tuple(a.id for a in activities if a.drill == drill): drill for drill in role.drills}
    drills.pop((), None)  # given up in the brief
    groups: dict[tuple[str, ...], list[Objective]] = {}
    for objective, shown in shown_by.items():
        if role.competencies[objective.competency] == "critical":
            groups.setdefault(shown, []).append(objective)
    by_drill = {shown: groups.pop(shown, []) for shown in drills}
    return (
        *(
            PlanRule(name="+".join(o.id for o in group), activities=shown, objectives=tuple(group))
            for shown, group in groups.items()
        ),
        *(
            PlanRule(name=drills[shown], activities=shown, objectives=tuple(group), drill=drills[shown])
            for shown, group in by_drill.items()
        ),
    )
