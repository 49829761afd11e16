"""When a programme takes place: the calendar that a brief gives, and the sessions and options that a plan has."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from drillyard.records.base import Record

__all__ = ["Aim", "Calendar", "PlanOption", "Session", "Shift", "Weekday"]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

Aim = Literal["balanced", "least-hours", "most-gain", "earliest-end"]
"""What a plan is best at; `balanced` is worth shown for the minutes it takes."""


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _time(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{1,2}:\d\d", value):
        return time.fromisoformat(value.zfill(5))
    return time.fromisoformat(value) if isinstance(value, str) else value


def _days(value: object) -> object:
    """Take `2026-12-24..2027-01-03` as all days from the first to the last."""
    if not isinstance(value, list | tuple):
        return value
    days: list[object] = []
    for one in value:
        first, _, last = one.partition("..") if isinstance(one, str) else ("", "", "")
        if last:
            begin, end = date.fromisoformat(first.strip()), date.fromisoformat(last.strip())
            if not 0 <= (end - begin).days <= 800:
                raise ValueError("days from the first to the last, at most 800")
            days += [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
        else:
            days.append(_day(one))
    return tuple(days)


Day = Annotated[date, BeforeValidator(_day)]
TimeOfDay = Annotated[time, BeforeValidator(_time)]


class Shift(Record):
    """Hours of the week in which people can train; one that ends at or before its start ends on the next day.

    `time_zone` is the calendar's where it is empty.
    """

    id: str
    days: tuple[Weekday, ...] = Field(min_length=1)
    starts: TimeOfDay
    ends: TimeOfDay
    time_zone: str = ""


class Calendar(Record):
    """When a programme may take place, and with how much.

    `hours_a_day` limits the training of one group on one day; `group` is how many people do an activity together;
    `facilitators` and `machines` are how many there are at a time: a discussion or demo takes one facilitator, a drill
    one place on a machine for everybody in the group. `recall` is how often a group is asked again what it read.
    """

    first_day: Day
    last_day: Day
    time_zone: str
    shifts: tuple[Shift, ...] = Field(min_length=1)
    days_off: Annotated[tuple[Day, ...], BeforeValidator(_days)] = ()
    hours_a_day: float = Field(default=24, gt=0, le=24)
    group: int = Field(default=100_000, ge=1, le=100_000)
    facilitators: int = Field(default=1_000, ge=0, le=1_000)
    machines: int = Field(default=100_000, ge=0, le=100_000)
    recall: int = Field(default=0, ge=0, le=5)


class Session(Record):
    """One group does one activity, or recalls what it read; `starts` is in UTC, `time_zone` that of its people."""

    role: str
    group: int = Field(ge=1)
    people: int = Field(ge=1)
    activity: str
    title: str
    kind: str
    starts: datetime
    minutes: int = Field(gt=0)
    time_zone: str
    facilitated: bool = False
    machines: int = Field(default=0, ge=0)

    @property
    def local_start(self) -> datetime:
        """When it begins, as clocks of its people show it."""
        return self.starts.astimezone(ZoneInfo(self.time_zone))

    @property
    def local_end(self) -> datetime:
        """When it ends, as clocks of its people show it: after `minutes` of real time."""
        return (self.starts.astimezone(UTC) + timedelta(minutes=self.minutes)).astimezone(ZoneInfo(self.time_zone))


class PlanOption(Record):
    """A way to plan the same brief, so that it can be weighed against others.

    `hours` are those of all people together, `gain` is how many objectives a person may be expected to master newly, on
    average over people; `kept` is which share of what was read is recalled 30 days after the last session, 0 without a
    calendar, like an empty `last_day`. `fits` is false where the calendar has no room.
    """

    aim: Aim
    chosen: bool
    hours: float
    objectives: int
    gain: float
    activities: int
    recalls: int = 0
    kept: float = 0
    facilitator_hours: float = 0
    last_day: str = ""
    fits: bool = True
