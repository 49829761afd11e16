"""Why a calendar has no room: a minimal set of its rules that cannot all hold, and what to write so that they can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from drillyard.planning.clash import in_hours, minimal_core
from drillyard.planning.jobs import Job, shift_of
from drillyard.planning.placing import EFFORT, RULES, build_calendar, make_room, place, place_in_turn, sessions_of
from drillyard.records import Calendar, Clash

__all__ = ["explain_calendar"]

_FIXED = RULES[1:]  # shifts always hold: without them there is no time at all


def explain_calendar(jobs_of: Callable[[int], Sequence[Job]], calendar: Calendar) -> Clash:
    """Explain in plain words why jobs cannot be placed, with what to write in the brief and what comes of it.

    Args:
        jobs_of: the jobs with so many recalls.
        calendar: the one without room for them.
    """
    jobs = jobs_of(calendar.recall)
    if too_long := _too_long(jobs, calendar):
        return too_long
    alone = next((own for own in _by_role(jobs) if place(make_room(own, calendar)) is None), jobs)
    role = alone[0].role if len({job.role for job in alone}) == 1 else ""
    core, minimal = minimal_core(
        lambda active: build_calendar(make_room(alone, calendar, active), active)[0], _FIXED, EFFORT
    )
    lines = [(_words(name, calendar), _remedy(name, jobs_of, calendar)) for name in core]
    who = f"for {role}" if role else "for all roles together, each of which it holds alone"
    return Clash(
        role=role,
        summary=f"The calendar has no room {who}: {len(alone)} sessions, {_people_hours(alone)} of them per group",
        rules=tuple(rule for rule, _ in lines),
        remedies=tuple(remedy for _, remedy in lines),
        minimal=minimal,
    )


def _too_long(jobs: Sequence[Job], calendar: Calendar) -> Clash | None:
    """Return the clash of a session that is longer than any stretch of its shift, or than a day's training."""
    stretches = make_room(jobs, calendar).stretches
    for job in jobs:
        longest = max((end - begin for begin, end, _ in stretches[job.shift]), default=0)
        told = f"the {job.kind} {job.activity} takes {in_hours(job.minutes)} in one go"
        if not longest:
            shift = shift_of(calendar, job.shift)
            rules = (
                f"{job.role} trains in the shift {shift.id} ({', '.join(shift.days)})",
                f"it falls on no day from {calendar.first_day} to {calendar.last_day} that is not a day off",
            )
            return _two(job, rules, ("give the shift other days", "move 'last_day' or take away days off"))
        if job.minutes > longest:
            rules = (
                told,
                f"no stretch of the shift {job.shift or calendar.shifts[0].id} is longer than {in_hours(longest)}",
            )
            return _two(job, rules, (_give_up(job), f"let the shift last {in_hours(job.minutes)} or more"))
        if job.minutes > calendar.hours_a_day * 60:
            rules = (told, f"nobody trains more than {in_hours(round(calendar.hours_a_day * 60))} a day")
            return _two(job, rules, (_give_up(job), f"write 'hours_a_day: {job.minutes / 60:.3g}'"))
        if job.facilitated and not calendar.facilitators:
            rules = (f"the {job.kind} {job.activity} needs a facilitator", "there is none")
            return _two(job, rules, (_give_up(job), "write 'facilitators: 1'"))
        if job.machines > calendar.machines:
            rules = (
                f"a group of {job.people} of {job.role} needs {job.machines} machines for {job.activity}",
                f"there are {calendar.machines}",
            )
            fewer = f"write 'group: {calendar.machines}'" if calendar.machines else _give_up(job)
            return _two(job, rules, (fewer, f"write 'machines: {job.machines}'"))
    return None


def _two(job: Job, rules: tuple[str, str], remedies: tuple[str, str]) -> Clash:
    summary = f"The calendar has no room for {job.title} of {job.role}"
    return Clash(role=job.role, summary=summary, rules=rules, remedies=remedies)


def _give_up(job: Job) -> str:
    return (
        f"write 'without: [{job.activity}]' at the role"
        if job.kind == "drill"
        else f"give up what {job.activity} shows"
    )


def _by_role(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Yield the jobs of each role, with what they come after counted anew."""
    for role in dict.fromkeys(job.role for job in jobs):
        numbers = [number for number, job in enumerate(jobs) if job.role == role]
        place_of = {number: place for place, number in enumerate(numbers)}
        yield [_renumbered(jobs[number], place_of) for number in numbers]


def _renumbered(job: Job, place_of: dict[int, int]) -> Job:
    fields = {name: getattr(job, name) for name in job.__dataclass_fields__}
    return Job(**fields | {"after": tuple((place_of[first], gap) for first, gap in job.after)})


def _people_hours(jobs: Sequence[Job]) -> str:
    first = jobs[0]
    return in_hours(sum(job.minutes for job in jobs if (job.role, job.group) == (first.role, first.group)))


def _words(rule: str, calendar: Calendar) -> str:
    return {
        "facilitators": f"no more than {calendar.facilitators} facilitators at a time",
        "machines": f"no more than {calendar.machines} machines at a time",
        "recall": f"{calendar.recall} recalls, each when it is due",
        "hours_a_day": f"no more than {in_hours(round(calendar.hours_a_day * 60))} of training a day",
        "days_off": f"nobody trains on {len(calendar.days_off)} days off",
        "last_day": f"all ends by {calendar.last_day}",
    }[rule]


def _remedy(rule: str, jobs_of: Callable[[int], Sequence[Job]], calendar: Calendar) -> str:
    """Say what to write in the place of a rule: the least change found that gives all of them room."""
    jobs = jobs_of(calendar.recall)
    if rule == "last_day":
        room = make_room(jobs, calendar, tuple(name for name in RULES if name != rule))
        starts = place_in_turn(room)
        if starts is None:
            return "a later last day alone gives no room"
        last = max(one.starts for one in sessions_of(room, starts)).date()
        return f"write 'last_day: {last}': then everything fits"
    for value, told in _others(rule, jobs, calendar):
        changed = calendar.model_copy(update={rule: value})
        if place_in_turn(make_room(jobs_of(changed.recall), changed)) is not None:
            return f"write '{rule}: {told}': then everything fits"
    return f"another '{rule}' alone gives no room"


def _others(rule: str, jobs: Sequence[Job], calendar: Calendar) -> Iterator[tuple[object, str]]:
    """Yield other values of a rule and how they are written, the nearest first."""
    groups = len({(job.role, job.group) for job in jobs})
    match rule:
        case "facilitators":
            yield from ((n, str(n)) for n in range(calendar.facilitators + 1, groups + 1))
        case "machines":
            most = sum(max((j.machines for j in own), default=0) for own in _by_role(jobs)) * groups
            step = max(1, max(job.machines for job in jobs))
            yield from ((n, str(n)) for n in range(calendar.machines + step, most + step, step))
        case "hours_a_day":
            yield from ((half / 2, f"{half / 2:g}") for half in range(int(calendar.hours_a_day * 2) + 1, 49))
        case "recall":
            yield from ((n, str(n)) for n in range(calendar.recall - 1, -1, -1))
        case "days_off":
            yield (), "[]"
