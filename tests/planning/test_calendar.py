"""When a programme takes place: clocks that jump, room that is enough or not, plans in three forms, ways to plan."""

from __future__ import annotations

import csv
import io
import itertools
import math
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from planning import brute_force
from planning.briefs import brief_for, example_copy, small_catalogue
from planning.test_plan import catalogues

from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.planning.gain import CHANCES, KNOWN, expected_gain
from drillyard.planning.jobs import Job, recall_days
from drillyard.planning.ordering import order
from drillyard.planning.placing import RULES, build_calendar, make_room, place, place_in_turn
from drillyard.planning.placing_clash import explain_calendar
from drillyard.planning.plan import make_plan
from drillyard.planning.plan_files import plan_csv, plan_ics
from drillyard.planning.plan_model import aim, build, make_solver
from drillyard.planning.plan_problem import pose
from drillyard.planning.windows import moment, windows
from drillyard.programs.design import design
from drillyard.records import Activity, Calendar, Plan, RoleNeed, Shift

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Shift(id="night", days=("sat",), starts=time(22), ends=time(6))


def calendar(**changes: object) -> Calendar:
    """Return a fortnight of mornings in Berlin."""
    morning = Shift(id="am", days=("mon", "tue", "wed", "thu", "fri"), starts=time(9), ends=time(12))
    fields = {"first_day": date(2026, 12, 7), "last_day": date(2026, 12, 18), "time_zone": "Europe/Berlin"}
    return Calendar(**{**fields, "shifts": (morning,), **changes})


@pytest.mark.parametrize(
    ("day", "at", "late", "shown"),
    [
        (date(2027, 3, 28), time(2, 30), True, "2027-03-28T03:00:00+02:00"),  # does not exist: clocks go forward
        (date(2027, 3, 28), time(2, 30), False, "2027-03-28T03:00:00+02:00"),
        (date(2027, 10, 31), time(2, 30), False, "2027-10-31T02:30:00+02:00"),  # stands twice: clocks go back
        (date(2027, 10, 31), time(2, 30), True, "2027-10-31T02:30:00+01:00"),
        (date(2027, 3, 28), time(9), True, "2027-03-28T09:00:00+02:00"),
    ],
)
def test_times_that_do_not_exist_or_stand_twice(day: date, at: time, late: bool, shown: str) -> None:
    """A time in the gap is the moment of the jump; of a doubled one, a shift takes the inner."""
    assert moment(day, at, BERLIN, late=late).astimezone(BERLIN).isoformat() == shown


def test_a_jump_of_half_an_hour_is_found_to_the_minute() -> None:
    """Lord Howe Island moves its clocks by thirty minutes."""
    zone = ZoneInfo("Australia/Lord_Howe")
    jump = moment(date(2026, 10, 4), time(2, 10), zone, late=True)
    assert jump.astimezone(zone).isoformat() == "2026-10-04T02:30:00+11:00"


def test_a_night_shift_lasts_as_long_as_it_really_lasts() -> None:
    """From 22:00 to 6:00 are seven hours in the night when clocks go forward, nine when they go back, else eight."""
    year = calendar(first_day=date(2027, 1, 1), last_day=date(2027, 12, 31), shifts=(NIGHT,))
    lengths = {one.day: one.minutes / 60 for one in windows(NIGHT, year)}
    assert {day: hours for day, hours in lengths.items() if hours != 8} == {date(2027, 3, 27): 7, date(2027, 10, 30): 9}
    assert len(lengths) == 52 and all(day.weekday() == 5 for day in lengths)


def test_days_off_and_other_zones() -> None:
    """A range of days off is left out; a shift of another zone begins by that zone's clocks."""
    manila = Shift(id="m", days=("mon",), starts=time(22), ends=time(2), time_zone="Asia/Manila")
    found = windows(manila, calendar(days_off=["2026-12-08..2026-12-14"], shifts=(manila,)))
    assert [one.begins.isoformat() for one in found] == ["2026-12-07T14:00:00+00:00"]


@st.composite
def rooms(draw: st.DrawFn) -> tuple[list[Job], Calendar]:
    """Return two to four jobs of at most two groups, and a calendar of two short mornings."""
    count = draw(st.integers(2, 4))
    jobs = []
    for number in range(count):
        group = draw(st.integers(1, 2))
        early = [n for n in range(number) if jobs[n].group == group]
        after = draw(st.lists(st.sampled_from(early), max_size=1)) if early else []
        jobs.append(
            Job(
                role="r", group=group, people=2, activity=f"a{number}", title="A", kind="discussion", shift="s",
                minutes=30 * draw(st.integers(1, 3)), facilitated=draw(st.booleans()), machines=draw(st.integers(0, 2)),
                after=tuple((one, draw(st.sampled_from([0, 1440]))) for one in after),
            )
        )  # fmt: skip
    shift = Shift(id="s", days=("mon", "tue"), starts=time(9), ends=time(9 + draw(st.integers(1, 2))))
    changes = {"hours_a_day": draw(st.sampled_from([1, 1.5, 24])), "facilitators": draw(st.integers(1, 2))}
    return jobs, calendar(shifts=(shift,), last_day=date(2026, 12, 8), machines=draw(st.integers(2, 4)), **changes)


def check_placed(jobs: list[Job], room_calendar: Calendar, starts: tuple[int, ...] | list[int]) -> bool:
    """Say by the minute whether a placement keeps every rule."""
    room = make_room(jobs, room_calendar)
    loads: dict[tuple[int, date], int] = {}
    for job, start in zip(jobs, starts, strict=True):
        inside = [day for b, e, day in room.stretches["s"] if b <= start and start + job.minutes <= e]
        if not inside:
            return False
        loads[job.group, inside[0]] = loads.get((job.group, inside[0]), 0) + job.minutes
        if any(start < starts[first] + jobs[first].minutes + gap for first, gap in job.after):
            return False
    for minute in sorted(set(starts)):
        now = [job for job, start in zip(jobs, starts, strict=True) if start <= minute < start + job.minutes]
        crowded = sum(job.facilitated for job in now) > room_calendar.facilitators
        if crowded or sum(job.machines for job in now) > room_calendar.machines:
            return False
        if len({job.group for job in now}) < len(now):
            return False
    return all(load <= room_calendar.hours_a_day * 60 for load in loads.values())


@given(rooms())
@settings(max_examples=30)
def test_no_placement_ends_earlier(drawn: tuple[list[Job], Calendar]) -> None:
    """A small calendar ends as early as any of all placements; None comes out exactly when there is none."""
    jobs, room_calendar = drawn
    room = make_room(jobs, room_calendar)
    grid = [t for b, e, _ in room.stretches["s"] for t in range(b, e, 30)]
    good = [tried for tried in itertools.product(grid, repeat=len(jobs)) if check_placed(jobs, room_calendar, tried)]
    found = place(room)
    assert (found is None) == (not good)
    if found:
        assert check_placed(jobs, room_calendar, found)
        ends = [max(start + job.minutes for start, job in zip(one, jobs, strict=True)) for one in (found, *good)]
        assert ends[0] == min(ends[1:])
        in_turn = place_in_turn(room)
        assert in_turn is None or check_placed(jobs, room_calendar, in_turn)


@given(catalogues(), st.integers(30, 300), st.sampled_from(["least-hours", "most-gain"]))
def test_no_plan_is_better_at_its_aim(catalogue: object, limit: int, best: str) -> None:
    """Least hours and greatest gain are those of all subsets; the gain to the hundredth part that its lines allow."""
    need = RoleNeed(id="tester", head_count=1, hours=limit / 60)
    problem = pose(need, catalogue)
    built = build(problem, problem.rule_names)
    built.model.maximize(aim(problem, built, best))
    solver = make_solver()
    solver.solve(built.model)
    needed = brute_force.required(catalogue)
    good = [
        chosen
        for chosen in brute_force.choices(catalogue)
        if brute_force.minutes(chosen) <= limit and brute_force.holds(catalogue, chosen, needed)
    ]
    assume(good)
    chosen = [a for a in problem.activities if solver.boolean_value(built.present[a.id])]
    if best == "least-hours":
        assert brute_force.minutes(chosen) == min(map(brute_force.minutes, good))
        return
    served = [o for o in catalogue.objectives if o.id in problem.shown_by]

    def gain(activities: object) -> float:
        return expected_gain(activities, served)

    assert gain(chosen) >= 0.99 * max(map(gain, good))


def test_gain_is_that_of_knowledge_tracing() -> None:
    """Two chances to learn leave the product of missing both; what serves nothing teaches nothing."""
    catalogue = small_catalogue([("critical", 10, [], False), ("critical", 10, [0], True), ("useful", 10, [], False)])
    gain = expected_gain(catalogue.activities[:2], catalogue.objectives[:1])
    assert math.isclose(gain, (1 - KNOWN) * (1 - (1 - CHANCES["work-sample"]) * (1 - CHANCES["drill"])))


@given(catalogues())
def test_few_orders_wait_less(catalogue: object) -> None:
    """The order found keeps every prerequisite and waits at most as long as nine in ten of all allowed orders."""
    activities = catalogue.activities
    bound = {(first, a.id) for a in activities for first in a.after} | set(catalogue.orders(activities))

    def waits(chain: tuple[Activity, ...] | list[Activity]) -> int:
        ends = dict(zip((a.id for a in chain), itertools.accumulate(a.minutes for a in chain), strict=True))
        return sum(ends[a.id] - a.minutes - ends[first] for a in chain for first in a.after)

    def allowed(chain: tuple[Activity, ...] | list[Activity]) -> bool:
        places = {a.id: place for place, a in enumerate(chain)}
        return all(places[first] < places[then] for first, then in bound)

    found = order(activities, catalogue.orders(activities))
    assert allowed(found)
    others = sorted(waits(chain) for chain in itertools.permutations(activities) if allowed(chain))
    assert waits(found) <= others[len(others) // 10]


def test_recalls_are_spaced_as_fsrs_spaces_them() -> None:
    """The published intervals of FSRS-6 while everything comes back."""
    assert recall_days(4) == (2, 11, 46, 163)


NEEDS = (RoleNeed(id="support-lead", head_count=5, hours=4, without=("judge-a-debate", "triage-queue")),)


def planned(**changes: object) -> Plan:
    """Return the plan of support leads in a calendar."""
    given = {"group": 3, "facilitators": 1, "machines": 3, "recall": 1, "hours_a_day": 1.5, **changes}
    brief = brief_for(*NEEDS).model_copy(update={"calendar": calendar(**given)})
    return make_plan(brief)


def test_a_calendar_holds_all_of_its_rules() -> None:
    """Groups, shifts, hours a day, one facilitator, three machines, a recall two days after what was read."""
    plan = planned()
    assert plan.status == "fits" and {one.people for one in plan.sessions} == {3, 2}
    steps = {step.activity.id: step.activity for step in plan.roles[0].activities}
    assert len(plan.sessions) == 2 * (len(steps) + 1)
    for one in plan.sessions:
        assert time(9) <= one.local_start.time() < one.local_end.time() <= time(12) and one.local_start.weekday() < 5
        now = [b for b in plan.sessions if b.starts <= one.starts < b.starts + timedelta(minutes=b.minutes)]
        assert sum(b.facilitated for b in now) <= 1 and sum(b.machines for b in now) <= 3
        assert len({b.group for b in now}) == len(now)
    for group in (1, 2):
        own = [one for one in plan.sessions if one.group == group]
        ends = {one.activity: one.starts + timedelta(minutes=one.minutes) for one in own}
        for one in own:
            assert all(ends[first] <= one.starts for first in getattr(steps.get(one.activity), "after", ()))
        days = [sum(b.minutes for b in own if b.starts.date() == one.starts.date()) for one in own]
        assert max(days) <= 90
        read = max(ends[name] for name, step in steps.items() if step.kind in ("lesson", "reading", "quiz"))
        assert next(one for one in own if one.activity == "recall").starts >= read + timedelta(days=1.5)


def test_ways_to_plan_trade_hours_for_gain_and_the_end_for_what_is_kept() -> None:
    """Least hours are least, greatest gain is greatest, and without recalls all ends sooner but less is kept."""
    options = {one.aim: one for one in planned(recall=2, last_day=date(2026, 12, 31)).options}
    assert set(options) == {"balanced", "least-hours", "most-gain", "earliest-end"}
    assert options["least-hours"].hours == min(one.hours for one in options.values())
    assert options["most-gain"].gain >= max(options[name].gain for name in ("balanced", "least-hours"))
    early, late = options["earliest-end"], options["balanced"]
    assert early.last_day < late.last_day and early.kept < late.kept and late.chosen
    chosen = make_plan(brief_for(*NEEDS).model_copy(update={"aim": "least-hours"}))
    assert chosen.roles[0].minutes < make_plan(brief_for(*NEEDS)).roles[0].minutes


@pytest.mark.parametrize(
    ("changes", "rule", "remedy"),
    [
        ({"last_day": date(2026, 12, 8)}, "all ends by 2026-12-08", "write 'last_day: 2026-12-"),
        ({"shifts": (Shift(id="am", days=("sun",), starts=time(9), ends=time(12)),), "last_day": date(2026, 12, 12)},
         "it falls on no day", "give the shift other days"),
        ({"hours_a_day": 0.5}, "nobody trains more than 30 min a day", "write 'hours_a_day: 1'"),
        ({"machines": 2}, "there are 2", "write 'group: 2'"),
        ({"facilitators": 0}, "there is none", "write 'facilitators: 1'"),
        ({"shifts": (Shift(id="am", days=("mon", "tue"), starts=time(9), ends=time(9, 45)),)},
         "no stretch of the shift am is longer than 45 min", "let the shift last 1 h"),
        ({"recall": 2}, "2 recalls, each when it is due", "write 'recall: 1': then everything fits"),
    ],
)  # fmt: skip
def test_a_calendar_without_room_is_told_in_plain_words(changes: dict[str, object], rule: str, remedy: str) -> None:
    """Which rules cannot all hold, and what to write so that they can; whoever writes it gets a plan."""
    plan = planned(**changes)
    assert plan.status == "clash" and not plan.sessions
    (clash,) = plan.clashes
    told = dict(zip(clash.rules, clash.remedies, strict=True))
    assert any(rule in one for one in told), told
    assert any(remedy in one for one in told.values()), told
    for one in told.values():
        if "then everything fits" in one:
            name, value = one.partition("'")[2].partition("'")[0].split(": ")
            read = date.fromisoformat(value) if "-" in value else () if value == "[]" else float(value)
            assert (
                planned(
                    **{**changes, name: read if name in ("last_day", "hours_a_day", "days_off") else int(read)}
                ).status
                == "fits"
            )  # type: ignore[arg-type]


def test_the_clash_of_a_calendar_is_minimal() -> None:
    """Without any one rule of the clash the rest has a placement."""
    jobs = [
        Job(
            role="r",
            group=g,
            people=1,
            activity=f"a{n}",
            title="A",
            kind="demo",
            minutes=60,
            shift="am",
            facilitated=True,
        )
        for g in (1, 2)
        for n in range(3)
    ]
    tight = calendar(facilitators=1, hours_a_day=2, last_day=date(2026, 12, 8), days_off=["2026-12-08"])
    clash = explain_calendar(lambda recalls: jobs, tight)
    assert clash.minimal and set(clash.rules) == {
        "all ends by 2026-12-08",
        "nobody trains on 1 days off",
        "no more than 2 h of training a day",
    }
    model, _ = build_calendar(make_room(jobs, tight), RULES)
    assert make_solver().status_name(make_solver().solve(model)) == "INFEASIBLE"


def test_the_plan_goes_out_as_a_calendar_and_as_a_table(tmp_path: Path) -> None:
    """Another reader of RFC 5545 sees the same moments; the table has local times with their offset."""
    plan = planned(first_day=date(2027, 3, 25), last_day=date(2027, 4, 9))
    read = icalendar.Calendar.from_ical(plan_ics(plan))
    events = [one for one in read.walk("VEVENT")]
    assert [one["DTSTART"].dt for one in events] == [one.starts.astimezone(UTC) for one in plan.sessions]
    assert len({one["UID"] for one in events}) == len(events) and plan_ics(plan) == plan_ics(plan)
    rows = list(csv.DictReader(io.StringIO(plan_csv(plan))))
    assert [datetime.fromisoformat(row["starts"]) for row in rows] == [one.starts for one in plan.sessions]
    assert {row["starts"][-6:] for row in rows} == {"+01:00", "+02:00"} and {row["starts"][11:13] for row in rows} <= {
        "09",
        "10",
        "11",
    }
    path = example_copy(tmp_path / "in")
    design(path, tmp_path / "prog")
    assert (tmp_path / "prog" / "plan.csv").read_text().splitlines()[1].endswith(",,,,,,0")
    assert not (tmp_path / "prog" / "plan.ics").exists()


CALENDAR = {
    "first_day": "2026-12-07",
    "last_day": "2026-12-18",
    "time_zone": "Europe/Berlin",
    "shifts": [{"id": "am", "days": ["mon"], "starts": "9:00", "ends": "12:00"}],
}
SHIFT = CALENDAR["shifts"][0]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"first_day": "2026-02-30"}, "found '2026-02-30' at calendar.first_day, expected a day that exists"),
        ({"first_day": 7}, "found 7 at calendar.first_day, expected a day that exists"),
        ({"last_day": "2026-12-01"}, "found a calendar from 2026-12-07 to 2026-12-01"),
        ({"last_day": "2036-12-01"}, "at most 730 days after it"),
        (
            {"time_zone": "Europe/Berlim"},
            "found time zone 'Europe/Berlim', expected one such as Europe/Berlin; did you mean",
        ),
        ({"time_zone": ...}, "found no 'time_zone' at calendar, expected a value for 'time_zone'; type"),
        ({"days_off": ["2026-13-01"]}, "found ['2026-13-01'] at calendar.days_off, expected a list of days that exist"),
        ({"days_off": ["2026-12-10..2026-12-01"]}, "at calendar.days_off, expected a list of days"),
        ({"shifts": []}, "found no 'shifts' at calendar"),
        (
            {"shifts": [{**SHIFT, "days": ["monday"]}]},
            "found ['monday'] at calendar.shifts[0].days, expected a list of: mon",
        ),
        (
            {"shifts": [{**SHIFT, "starts": "25:00"}]},
            "found '25:00' at calendar.shifts[0].starts, expected a time of day",
        ),
        ({"shifts": [{**SHIFT, "time_zone": "Mars/Dust"}]}, "found time zone 'Mars/Dust'"),
        ({"shifts": [SHIFT, SHIFT]}, "found 'am' twice in calendar.shifts"),
        ({"hours_a_day": 0}, "found 0 at calendar.hours_a_day, expected hours above 0"),
        ({"group": 0}, "found 0 at calendar.group, expected a whole number of people from 1"),
        ({"machine": 3}, "did you mean 'machines'?"),
    ],
)
def test_each_mistake_in_a_calendar_has_its_line(tmp_path: Path, changes: dict[str, object], line: str) -> None:
    """Days, times and zones that do not exist, and values out of range, are named with their place."""
    fields = {name: value for name, value in {**CALENDAR, **changes}.items() if value is not ...}
    with pytest.raises(BadInput) as caught:
        load_brief(example_copy(tmp_path, calendar=fields))
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_a_shift_that_the_calendar_has_not(tmp_path: Path) -> None:
    """A role's shift is one of the calendar's; an empty cohort is none."""
    lead = {"id": "executive", "head_count": 1, "hours": 2}
    with pytest.raises(BadInput, match="found shift of 'executive' 'pm', expected one of: am"):
        load_brief(example_copy(tmp_path / "a", calendar=CALENDAR, roles=[{**lead, "shift": "pm"}]))
    with pytest.raises(BadInput, match="found shift 'pm' of 'executive', expected a calendar with shifts"):
        load_brief(example_copy(tmp_path / "b", roles=[{**lead, "shift": "pm"}]))
    with pytest.raises(BadInput, match="found 0 at roles.0..head_count, expected a whole number of people from 1"):
        load_brief(example_copy(tmp_path / "c", roles=[{**lead, "head_count": 0}]))


def test_recalls_count_in_the_hours() -> None:
    """Two recalls of ten minutes come out of the hour: the clash says so in whole hours, and its remedy fits."""
    need = RoleNeed(id="executive", head_count=1, hours=1)
    brief = brief_for(need).model_copy(update={"calendar": calendar(recall=2, last_day=date(2027, 1, 29))})
    (clash,) = make_plan(brief).clashes
    assert "do not fit in 1 h (1 h 15 min needed)" in clash.summary  # the rules of the clash alone
    assert "give 1 h 40 min per person instead of 1 h: then everything fits" in clash.remedies
    assert (
        make_plan(brief.model_copy(update={"roles": (need.model_copy(update={"hours": 100 / 60}),)})).status == "fits"
    )
