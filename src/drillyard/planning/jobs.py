"""What a calendar must hold: one job per activity and group of people, with what it needs and comes after."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drillyard.planning.graph import Catalogue
from drillyard.planning.ordering import pairs
from drillyard.psychometrics.recall import Recalled, review
from drillyard.records import Calendar, RolePlan, Shift

__all__ = ["PREPARES", "RECALL", "RECALL_MINUTES", "Job", "list_jobs", "recall_days", "shift_of"]

RECALL = "recall"
RECALL_MINUTES = 10
"""Of one recall session: a dozen facts at half a minute each, and the way in and out. Policy."""

_FACILITATED = ("discussion", "demo")
PREPARES = ("reading", "lesson", "demo", "quiz")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A session that must be placed: who does what, and after which other jobs (by number), so many minutes later."""

    role: str
    group: int
    people: int
    activity: str
    title: str
    kind: str
    minutes: int
    shift: str
    after: tuple[tuple[int, int], ...] = ()
    facilitated: bool = False
    machines: int = 0


def list_jobs(
    roles: Sequence[tuple[RolePlan, str]], calendar: Calendar, catalogue: Catalogue, recalls: int
) -> list[Job]:
    """Return the jobs of some roles, those of a group together and in the order of its plan.

    Args:
        roles: each with the id of its shift.
        calendar: gives the size of groups.
        catalogue: gives the order of competencies.
        recalls: how often each group recalls what it read, spaced as `recall_days` says.
    """
    jobs: list[Job] = []
    for role, shift in roles:
        activities = [item.activity for item in role.activities]
        bound = sorted(pairs(activities, catalogue.orders(activities)))
        groups = -(-role.head_count // calendar.group)
        for group in range(groups):
            people = role.head_count // groups + (group < role.head_count % groups)
            jobs += _group(role, group + 1, people, shift, len(jobs), bound, recalls)
    return jobs


def shift_of(calendar: Calendar, name: str) -> Shift:
    """Return a shift by id; the first for none."""
    return next((shift for shift in calendar.shifts if shift.id == name), calendar.shifts[0])


@functools.cache
def recall_days(times: int) -> tuple[int, ...]:
    """Return after how many days each recall is due while everything comes back, by FSRS-6: 2, 11, 46, 163, 498."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    last, days = review(None, Recalled.GOOD, at), list[int]()
    while len(days) < times:
        before, last = last.due, review(last, Recalled.GOOD, last.due)
        days.append(max(1, round((last.due - before) / timedelta(days=1))))
    return tuple(days)


def _group(
    role: RolePlan, group: int, people: int, shift: str, first: int, bound: Sequence[tuple[str, str]], recalls: int
) -> list[Job]:
    activities = [item.activity for item in role.activities]
    numbers = {activity.id: first + place for place, activity in enumerate(activities)}
    jobs = [
        Job(
            role=role.role,
            group=group,
            people=people,
            activity=activity.id,
            title=activity.title,
            kind=activity.kind,
            minutes=activity.minutes,
            shift=shift,
            after=tuple((numbers[early], 0) for early, then in bound if then == activity.id),
            facilitated=activity.kind in _FACILITATED,
            machines=people if activity.kind == "drill" else 0,
        )
        for activity in activities
    ]
    read = tuple(numbers[activity.id] for activity in activities if activity.kind in PREPARES)
    for number, days in enumerate(recall_days(recalls) if read else ()):
        # Half a day less than whole days: the hour of a shift need not be the same.
        gap = days * 24 * 60 - 12 * 60
        jobs.append(
            Job(
                role=role.role,
                group=group,
                people=people,
                activity=RECALL,
                title=f"Recall {number + 1}",
                kind=RECALL,
                minutes=RECALL_MINUTES,
                shift=shift,
                after=tuple((one, gap) for one in read),
            )
        )
        read = (first + len(jobs) - 1,)
    return jobs
