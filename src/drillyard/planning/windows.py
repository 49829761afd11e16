"""When people can train: the shifts of a calendar as stretches of real time, right across changes of the clock.

A time that does not exist, because clocks go forward, is the moment at which they do. A time that stands twice, because
they go back, is the later one where a shift begins and the earlier one where it ends: however people read the clock, a
session lies within their shift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from drillyard.records import Calendar, Shift

__all__ = ["Window", "moment", "windows"]

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch of a shift, in UTC; `day` is the local day on which the shift begins."""

    day: date
    begins: datetime
    ends: datetime

    @property
    def minutes(self) -> int:
        """Real minutes from the begin to the end, whatever the clocks show."""
        return int((self.ends - self.begins).total_seconds() // 60)


def windows(shift: Shift, calendar: Calendar, last_day: date | None = None, days_off: bool = True) -> list[Window]:
    """Return the stretches of a shift from the first to the last day of a calendar, in order.

    Args:
        shift: one of the calendar's.
        calendar: gives the days and, where the shift has none, the time zone.
        last_day: another one than the calendar's.
        days_off: whether nobody trains on those.
    """
    zone = ZoneInfo(shift.time_zone or calendar.time_zone)
    free = set(calendar.days_off) if days_off else set()
    found = []
    for day in _days(calendar.first_day, last_day or calendar.last_day):
        if _WEEK[day.weekday()] in shift.days and day not in free:
            over = day + timedelta(days=1) if shift.ends <= shift.starts else day
            begins, ends = moment(day, shift.starts, zone, late=True), moment(over, shift.ends, zone, late=False)
            if begins < ends:
                found.append(Window(day=day, begins=begins, ends=ends))
    return found


def moment(day: date, at: time, zone: ZoneInfo, *, late: bool) -> datetime:
    """Return the moment, in UTC, at which clocks of a zone show a time on a day.

    Args:
        day: by the zone's own calendar.
        at: what clocks show.
        zone: where.
        late: which one of a time that stands twice.
    """
    shown = datetime.combine(day, at, tzinfo=zone)
    early, other = (shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if early <= other:  # usual, or doubled: with fold 0 the first of the two
        return other if late else early
    # The time does not exist: with `fold` 1 and 0 it gives moments before and after the jump.
    before, after = other, early
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // timedelta(minutes=2) * timedelta(minutes=1)
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
