"""The plan as one self-contained page: verdict, timeline and alignment table per role, law, method."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from drillyard.planning.clash import in_hours
from drillyard.planning.graph import EVIDENCE
from drillyard.records import Activity, Brief, Objective, Plan, RolePlan, Session
from drillyard.records.pages import fill
from drillyard.stats.shown import tell_count

__all__ = ["plan_page", "verdict"]

# The timeline in SVG units. With its margin it is 640 wide, so text of 12 units is above 11 px at a width of 600 px.
WIDTH, LABELS, ROW, AXIS = 580, 270, 24, 22

_AIMS = {
    "balanced": "worth for its minutes",
    "least-hours": "least hours",
    "most-gain": "greatest expected gain",
    "earliest-end": "earliest end, without recalls",
}


@dataclass(frozen=True, kw_only=True)
class _Bar:
    """One activity on the timeline: position and size in SVG units."""

    activity: Activity
    x: float
    y: float
    width: float


def verdict(plan: Plan) -> str:
    """Say in one sentence whether the programme fits."""
    if plan.status == "fits":
        heads = sum(role.head_count for role in plan.roles)
        hours = sum(role.head_count * role.minutes for role in plan.roles) / 60
        people = f"{tell_count(len(plan.roles), 'role')}, {heads} {'person' if heads == 1 else 'people'}"
        return f"The programme fits: {people}, {tell_count(round(hours), 'hour')} of training in all."
    planned = {role.role for role in plan.roles}
    if crowded := next((clash for clash in plan.clashes if not clash.role or clash.role in planned), None):
        return f"The programme does not fit: {crowded.summary[0].lower()}{crowded.summary[1:]}."
    count = len(plan.clashes)
    roles = f"{count} of {tell_count(count + len(plan.roles), 'role')} {'needs' if count == 1 else 'need'}"
    return f"The programme does not fit: {roles} more hours than the brief gives."


def plan_page(brief: Brief, plan: Plan) -> str:
    """Return the page as HTML. Everything that people typed is escaped; nothing is loaded from elsewhere."""
    return fill(
        "planning",
        "plan.html.j2",
        brief=brief,
        brief_sha256=hashlib.sha256(brief.to_json().encode()).hexdigest(),
        plan=plan,
        verdict=verdict(plan),
        in_hours=in_hours,
        bars=_bars,
        served_by=_served_by,
        evidence=EVIDENCE,
        size={"width": WIDTH, "labels": LABELS, "row": ROW, "axis": AXIS},
        ticks=_ticks,
        lanes=_lanes(plan),
        days=_day_ticks(plan),
        day=_day,
        aims=_AIMS,
    )


def _bars(role: RolePlan) -> list[_Bar]:
    """Place a role's activities on its timeline, one row each, to the scale of the role's hours."""
    scale = (WIDTH - LABELS) / (role.hours * 60)
    return [
        _Bar(
            activity=item.activity,
            x=LABELS + item.start * scale,
            y=AXIS + ROW * row,
            width=item.activity.minutes * scale,
        )
        for row, item in enumerate(role.activities)
    ]


def _lanes(plan: Plan) -> list[tuple[str, list[tuple[Session, float, float]]]]:
    """Return per group its name and its sessions, each with place and width on the calendar's axis."""
    if not plan.sessions:
        return []
    first, scale = _span(plan)
    lanes: dict[tuple[str, int], list[tuple[Session, float, float]]] = {}
    for one in plan.sessions:
        x = LABELS + (one.starts - first).total_seconds() * scale
        lanes.setdefault((one.role, one.group), []).append((one, x, max(2.5, one.minutes * 60 * scale)))
    groups = Counter(role for role, _ in lanes)
    return [(role if groups[role] == 1 else f"{role} {group}", lane) for (role, group), lane in lanes.items()]


def _day_ticks(plan: Plan) -> list[tuple[float, str]]:
    """Return position and label of at most nine days on the calendar's axis."""
    if not plan.sessions:
        return []
    first, scale = _span(plan)
    last = max(one.starts for one in plan.sessions)
    days = (last - first).days + 1
    step = next(step for step in (1, 2, 7, 14, 28, 91, 182) if days / step <= 8)
    shown = [first + timedelta(days=number) for number in range(0, days + 1, step)]
    return [(LABELS + (one - first).total_seconds() * scale, _day(one)) for one in shown]


def _span(plan: Plan) -> tuple[datetime, float]:
    """Return the midnight before the first session, and units of the axis per second."""
    first = min(one.starts for one in plan.sessions).replace(hour=0, minute=0)
    last = max(one.starts for one in plan.sessions) + timedelta(days=1)
    return first, (WIDTH - LABELS) / (last - first).total_seconds()


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"


def _ticks(role: RolePlan) -> list[tuple[float, str]]:
    """Return position and label of at most eight full hours (or the half hours of a short plan)."""
    minutes = role.hours * 60
    step = next(s for s in (30, 60, 120, 300, 600, 1200, 3000, 6000) if minutes / s <= 8)
    scale = (WIDTH - LABELS) / minutes
    return [(LABELS + at * scale, f"{at / 60:g} h") for at in range(0, int(minutes) + 1, step)]


def _served_by(role: RolePlan, objective: Objective) -> list[Activity]:
    """Return the planned activities that serve an objective, in the order of the plan."""
    return [item.activity for item in role.activities if objective.id in item.activity.objectives]
