"""Placing jobs in a calendar, by CP-SAT, with its end as early as the search finds it.

What holds: one thing at a time per group, within its shift, in order, recalls spaced, no more than so many hours a
day, no more facilitators and machines than there are.

A first placement comes by putting one job after the other at its earliest time; the solver begins from it and, within
its effort, shortens it. Where the first one fails, the solver decides whether there is any.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ortools.sat.python import cp_model

from drillyard.planning.jobs import Job, shift_of
from drillyard.planning.plan_model import make_solver
from drillyard.planning.windows import windows
from drillyard.records import Calendar, Session

__all__ = ["RULES", "Room", "build_calendar", "make_room", "place", "place_in_turn", "sessions_of"]

RULES = ("shifts", "facilitators", "machines", "recall", "hours_a_day", "days_off", "last_day")
"""The rules of a calendar by their names in the brief; what is easiest to change comes last."""

EFFORT = 1.0
"""Of the solver, about two seconds: on the example's brief with a calendar, four times as much found no earlier end."""

_MOST = 20_000
"""Groups times jobs from which the first placement is taken as it is: the solver would not shorten it in its effort."""

_LONGER = 3
"""How many times as long a calendar without its last day is."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """The time that jobs may be placed in: per shift its stretches as (begin, end, day), in minutes from `origin`."""

    jobs: Sequence[Job]
    calendar: Calendar
    origin: datetime
    stretches: Mapping[str, Sequence[tuple[int, int, date]]]

    @property
    def most_a_day(self) -> int:
        """Minutes that a group may train on a day."""
        return round(self.calendar.hours_a_day * 60)


def make_room(jobs: Sequence[Job], calendar: Calendar, active: Collection[str] = RULES) -> Room:
    """Return the time that a calendar gives to jobs under the active rules."""
    origin = datetime.combine(calendar.first_day, time(), tzinfo=UTC) - timedelta(days=1)
    span = (calendar.last_day - calendar.first_day).days + 1
    last = calendar.last_day if "last_day" in active else calendar.last_day + timedelta(days=_LONGER * span + 60)
    stretches = {}
    for name in sorted({job.shift for job in jobs}):
        found = windows(shift_of(calendar, name), calendar, last, "days_off" in active)
        minutes = [(_minutes(one.begins - origin), _minutes(one.ends - origin), one.day) for one in found]
        stretches[name] = minutes
    return Room(jobs=jobs, calendar=calendar, origin=origin, stretches=stretches)


def place(room: Room, effort: float = EFFORT) -> list[int] | None:
    """Return the start of every job in minutes from the room's origin; None where the search finds no placement."""
    first = place_in_turn(room)
    end = _end(room, first) if first else None
    if end and len(room.jobs) * len({(job.role, job.group) for job in room.jobs}) > _MOST:
        return first
    model, starts = build_calendar(room, RULES, end - 1 if end else None)
    last = model.new_int_var(0, _horizon(room), "last")
    model.add_max_equality(last, [start + job.minutes for start, job in zip(starts, room.jobs, strict=True)])
    model.minimize(last)
    solver = make_solver(effort)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return first
    found = [solver.value(start) for start in starts]
    closer = place_in_turn(room, turns=sorted(range(len(found)), key=lambda number: (found[number], number)))
    return closer if closer and _end(room, closer) <= _end(room, found) else found


def _end(room: Room, starts: Sequence[int]) -> int:
    return max(start + job.minutes for start, job in zip(starts, room.jobs, strict=True))


def place_in_turn(room: Room, active: Collection[str] = RULES, turns: Sequence[int] | None = None) -> list[int] | None:
    """Return the earliest start of one job after the other; None where one finds no time.

    Args:
        room: with the jobs.
        active: names of the rules that hold.
        turns: the numbers of the jobs in the order of placing, by default groups take turns.
    """
    starts: dict[int, int] = {}
    books = _Books(room, active)
    for number in turns or _in_turn(room.jobs):
        job = room.jobs[number]
        gaps = [(first, gap if "recall" in active else 0) for first, gap in job.after]
        ready = max((starts[first] + room.jobs[first].minutes + gap for first, gap in gaps), default=0)
        start = books.earliest(job, ready)
        if start is None:
            return None
        starts[number] = start
    return [starts[number] for number in range(len(room.jobs))]


def build_calendar(
    room: Room, active: Collection[str], end: int | None = None
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Build the model of a placement under the active rules, without an objective, and return the starts with it.

    Args:
        room: with the stretches that the active rules leave.
        active: names of rules.
        end: no job ends later.
    """
    model = cp_model.CpModel()
    starts, groups = [], defaultdict(list)
    for number, job in enumerate(room.jobs):
        begins = [(b, min(e, end or e) - job.minutes) for b, e, _ in room.stretches[job.shift]]
        free = cp_model.Domain.from_intervals([[b, e] for b, e in begins if b <= e])
        start = model.new_int_var_from_domain(free, f"start {number}")
        starts.append(start)
        interval = model.new_fixed_size_interval_var(start, job.minutes, f"job {number}")
        groups[job.role, job.group].append((number, interval))
    for number, job in enumerate(room.jobs):
        for first, gap in job.after:
            wait = gap if "recall" in active else 0
            model.add(starts[number] >= starts[first] + room.jobs[first].minutes + wait)
    intervals = {number: interval for group in groups.values() for number, interval in group}
    for group in groups.values():
        model.add_no_overlap(interval for _, interval in group)
        if "hours_a_day" in active:
            _limit_days(model, room, starts, [number for number, _ in group], end)
    for name, needs in _resources(room).items():
        if name in active and needs:
            capacity = getattr(room.calendar, name)
            model.add_cumulative([intervals[number] for number in needs], list(needs.values()), capacity)
    return model, starts


def sessions_of(room: Room, starts: Sequence[int]) -> tuple[Session, ...]:
    """Return placed jobs as sessions, in the order of time."""
    calendar = room.calendar
    made = [
        Session(
            role=job.role,
            group=job.group,
            people=job.people,
            activity=job.activity,
            title=job.title,
            kind=job.kind,
            starts=room.origin + timedelta(minutes=start),
            minutes=job.minutes,
            time_zone=shift_of(calendar, job.shift).time_zone or calendar.time_zone,
            facilitated=job.facilitated,
            machines=job.machines,
        )
        for job, start in zip(room.jobs, starts, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: (one.starts, one.role, one.group)))


class _Books:
    """Who and what is taken when, as jobs are placed one after the other."""

    def __init__(self, room: Room, active: Collection[str]) -> None:
        self._room, self._active = room, active
        self._begins = {name: [begin for begin, _, _ in found] for name, found in room.stretches.items()}
        self._busy: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        self._load: dict[tuple[str, int, date], int] = defaultdict(int)
        self._taken: dict[str, list[tuple[int, int, int]]] = {"facilitators": [], "machines": []}

    def earliest(self, job: Job, ready: int) -> int | None:
        """Return the earliest start of a job at or after a minute, and take it."""
        stretches = self._room.stretches[job.shift]
        at = max(0, bisect_right(self._begins[job.shift], ready) - 1)
        for begin, end, day in stretches[at:]:
            full = self._load[job.role, job.group, day] + job.minutes > self._room.most_a_day
            if full and "hours_a_day" in self._active:
                continue
            start: int | None = max(begin, ready)
            while start is not None and start + job.minutes <= end:
                later = self._blocked(job, start)
                if later is None:
                    self._take(job, start, day)
                    return start
                start = later
        return None

    def _blocked(self, job: Job, start: int) -> int | None:
        """Return when what is in the way ends, None where nothing is."""
        stop = start + job.minutes
        if ends := [e for b, e in self._busy[job.role, job.group] if b < stop and start < e]:
            return max(ends)
        for name, amount in _needs(job).items():
            if amount and name in self._active:
                there = [one for one in self._taken[name] if one[0] < stop and start < one[1]]
                points = {start, *(b for b, _, _ in there if b > start)}
                peak = max(sum(n for b, e, n in there if b <= point < e) for point in points)
                if peak + amount > getattr(self._room.calendar, name):
                    return min((e for _, e, _ in there), default=1 << 60)
        return None

    def _take(self, job: Job, start: int, day: date) -> None:
        stop = start + job.minutes
        self._busy[job.role, job.group].append((start, stop))
        self._load[job.role, job.group, day] += job.minutes
        for name, amount in _needs(job).items():
            if amount:
                self._taken[name].append((start, stop, amount))


def _needs(job: Job) -> dict[str, int]:
    return {"facilitators": int(job.facilitated), "machines": job.machines}


def _resources(room: Room) -> dict[str, dict[int, int]]:
    """Map each resource to what jobs, by number, take of it."""
    taken: dict[str, dict[int, int]] = {"facilitators": {}, "machines": {}}
    for number, job in enumerate(room.jobs):
        for name, amount in _needs(job).items():
            if amount:
                taken[name][number] = amount
    return taken


def _limit_days(
    model: cp_model.CpModel, room: Room, starts: Sequence[cp_model.IntVar], numbers: Sequence[int], end: int | None
) -> None:
    """Let the jobs of a group take no more minutes of a day than it may train."""
    longest = max((stop - begin for found in room.stretches.values() for begin, stop, _ in found), default=0)
    if longest <= room.most_a_day:  # a shift has one stretch a day
        return
    loads: dict[date, list[cp_model.LinearExpr | int]] = defaultdict(list)
    for number in numbers:
        job, choices = room.jobs[number], list[cp_model.IntVar]()
        for begin, stop, day in room.stretches[job.shift]:
            if begin + job.minutes > min(stop, end or stop):
                continue
            here = model.new_bool_var(f"{number} on {day}")
            inside = cp_model.Domain(begin, min(stop, end or stop) - job.minutes)
            model.add_linear_expression_in_domain(starts[number], inside).only_enforce_if(here)
            choices.append(here)
            loads[day].append(job.minutes * here)
        model.add_bool_or(choices)
    for load in loads.values():
        model.add(sum(load) <= room.most_a_day)


def _in_turn(jobs: Sequence[Job]) -> list[int]:
    """Return the numbers of jobs, the first of every group before the second of any; recalls come last in a group."""
    place: dict[tuple[str, int], int] = defaultdict(int)
    keys = []
    for number, job in enumerate(jobs):
        keys.append((place[job.role, job.group], number))
        place[job.role, job.group] += 1
    return [number for _, number in sorted(keys)]


def _horizon(room: Room) -> int:
    return max((end for found in room.stretches.values() for _, end, _ in found), default=0)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
