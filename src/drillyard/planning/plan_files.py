"""The plan for other programs: a calendar to subscribe to (RFC 5545, by `icalendar`), and a table (CSV).

Times in the calendar are in UTC, which no change of the clock makes doubtful; programs show them in their own zone.
"""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, timedelta

from icalendar import Calendar, Event

from drillyard.planning.jobs import RECALL
from drillyard.records import Plan, Session

__all__ = ["plan_csv", "plan_ics"]

_COLUMNS = (
    "role", "group", "people", "activity", "title", "kind", "minutes", "starts", "ends", "time_zone", "facilitated",
    "machines", "minute_of_plan",
)  # fmt: skip


def plan_csv(plan: Plan) -> str:
    """Return one row per session, with local times and their offset; per activity of each role without a calendar."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for one in plan.sessions:
        when = (one.local_start.isoformat(), one.local_end.isoformat(), one.time_zone)
        what = (one.role, one.group, one.people, one.activity, one.title, one.kind, one.minutes)
        rows.writerow((*what, *when, int(one.facilitated), one.machines, ""))
    for role in plan.roles if not plan.sessions else ():
        for item in role.activities:
            a = item.activity
            rows.writerow((role.role, "", role.head_count, a.id, a.title, a.kind, a.minutes, *[""] * 5, item.start))
    return out.getvalue()


def plan_ics(plan: Plan) -> bytes:
    """Return the sessions as an iCalendar file; the same plan gives the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Drillyard//plan//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", plan.title)
    stamp = min(one.starts for one in plan.sessions).astimezone(UTC)
    titles = {role.role: role.title for role in plan.roles}
    for one in plan.sessions:
        calendar.add_component(_event(one, plan.title, titles[one.role], stamp.replace(hour=0, minute=0)))
    return bytes(calendar.to_ical())


def _event(one: Session, title: str, role: str, stamp: object) -> Event:
    event = Event()
    starts = one.starts.astimezone(UTC)
    name = f"{title}/{one.role}/{one.group}/{one.activity}/{one.title if one.activity == RECALL else ''}"
    event.add("uid", f"{uuid.uuid5(uuid.NAMESPACE_URL, name)}@drillyard")
    event.add("dtstamp", stamp)
    event.add("dtstart", starts)
    event.add("dtend", starts + timedelta(minutes=one.minutes))
    event.add("summary", f"{one.title} ({role}{f', group {one.group}' if one.group > 1 else ''})")
    needs = [*(["a facilitator"] if one.facilitated else []), *([f"{one.machines} machines"] if one.machines else [])]
    told = f"; needs {' and '.join(needs)}" if needs else ""
    event.add("description", f"{one.kind}, {one.minutes} min{told}")
    event.add("categories", [one.kind])
    return event
