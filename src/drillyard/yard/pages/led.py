"""What a facilitator leads: every activity of the plan with its text, and who took part in those that need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.planning.graph import EVIDENCE
from drillyard.programs.people import tell_apart
from drillyard.programs.roster import Learner
from drillyard.records import Activity, Objective
from drillyard.registrar.led import MOST_NOTE, OUTCOMES, led_activities, outcomes_of
from drillyard.registrar.tables import LedRow
from drillyard.yard.pages.lesson import as_html
from drillyard.yard.visit import Visit, page

__all__ = ["record", "show", "show_all"]

_SHOWN = 30
"""People on a page: a form has a hundred fields, three for each."""


@page("facilitator")
def show_all(visit: Visit) -> Response:
    """Show the plan as whoever leads it needs it."""
    programme, rows = visit.yard.programme, visit.yard.led.all()
    plan = programme.plan()
    led, roles = led_activities(programme, plan), {one.id: one.role for one in programme.roster().learners}
    return visit.render(
        "led.html",
        roles=[(role, [(step.activity, step.activity.id in led) for step in role.activities]) for role in plan.roles],
        recorded=Counter((roles[row.learner], row.activity) for row in rows if row.learner in roles),
        people=Counter(roles.values()),
        evidence=EVIDENCE,
    )


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show one activity."""
    return _page(visit, _activity(visit))


@page("facilitator")
def record(visit: Visit) -> Response:
    """Keep what was changed on the page; who is left as they were is left alone, whatever came meanwhile.

    Where somebody else has recorded another thing of a person since the page was opened, nothing of that person is
    written before it was seen.
    """
    activity, yard = _activity(visit), visit.yard
    if activity.id not in led_activities(yard.programme, yard.programme.plan()):
        raise HTTPException(404)
    sent, rows, other = dict(visit.texts()), yard.led.at(activity.id), []
    try:
        for one in _people(visit, activity.id):
            outcome, note = sent.get(f"outcome {one.id}"), sent.get(f"note {one.id}", "").strip()
            seen, now = sent.get(f"seen {one.id}", ""), _state(rows.get(one.id))
            if outcome is None or _told(outcome, note) == seen:
                continue
            if outcome not in outcomes_of(activity):
                raise HTTPException(400)
            if seen != now:
                other.append(one.id)
            else:
                yard.led.record(one.id, activity.id, outcome, note if outcome else "", visit.name)
    except BadInput as error:
        return _page(visit, activity, 422, error=str(error))
    if other:
        names = yard.programme.people()
        who = ", ".join(names.get(one, one) for one in other)
        told = f"Somebody recorded something else of {who} since you opened this page; it stands beside your choice."
        return _page(visit, activity, 409, error=f"{told} Record again to put yours in its place.")
    return visit.go(f"/live/led/{activity.id}?{visit.request.url.query}#who")


def _changed(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the rows that were changed: the others are shown as they are recorded by now."""
    found: dict[str, str] = {}
    for name, seen in sent.items():
        part, _, learner = name.partition(" ")
        mine = {key: sent.get(key, "") for key in (f"outcome {learner}", f"note {learner}")}
        outcome, note = mine.values()
        if part == "seen" and _told(outcome, note.strip()) != seen:
            found |= mine
    return found


def _state(row: LedRow | None) -> str:
    return _told(row.outcome, row.note) if row else _told("", "")


def _told(outcome: str, note: str) -> str:
    """Return what stands of a person, as one text, to tell whether it has changed."""
    return f"{outcome} {note if outcome else ''}".strip()


def _activity(visit: Visit) -> Activity:
    plan = visit.yard.programme.plan()
    steps = {step.activity.id: step.activity for role in plan.roles for step in role.activities}
    found = steps.get(visit.request.path_params["activity"])
    if found is None:
        raise HTTPException(404, "No role's plan has an activity of that name.")
    return found


def _people(visit: Visit, activity: str) -> list[Learner]:
    """Return those whose plan has an activity, by team and name."""
    programme = visit.yard.programme
    roles = {role.role for role in programme.plan().roles if activity in [step.activity.id for step in role.activities]}
    names = programme.people()
    found = [one for one in programme.roster().learners if one.role in roles]
    return sorted(found, key=lambda one: (one.team, names.get(one.id, one.id).casefold()))


def _page(visit: Visit, activity: Activity, status: int = 200, error: str = "") -> Response:
    yard = visit.yard
    people, begin = _people(visit, activity.id), visit.request.query_params.get("from", "")
    first = int(begin) if begin.isascii() and begin.isdecimal() else 0
    lesson = yard.programme.lesson(activity)
    return visit.render(
        "led_activity.html",
        status,
        activity=activity,
        aims=_aims(visit, activity),
        led=activity.id in led_activities(yard.programme, yard.programme.plan()),
        lesson=lesson,
        text=as_html(lesson.text) if lesson else "",
        scenarios=as_html(_scenarios(visit)) if activity.kind in ("discussion", "work-sample") else "",
        people=people[first : first + _SHOWN],
        first=first,
        more=range(0, len(people), _SHOWN) if len(people) > _SHOWN else (),
        names=tell_apart(yard.programme.people()),
        recorded=(rows := yard.led.at(activity.id)),
        seen={one.id: _state(rows.get(one.id)) for one in people},
        typed=_changed(dict(visit.texts())),
        outcomes=[(one, OUTCOMES[one]) for one in outcomes_of(activity)],
        most=MOST_NOTE,
        error=error,
    )


def _aims(visit: Visit, activity: Activity) -> Sequence[Objective]:
    """Return what an activity is for."""
    aims = {aim.id: aim for role in visit.yard.programme.plan().roles for aim in role.objectives}
    return [aims[one] for one in activity.objectives if one in aims]


def _scenarios(visit: Visit) -> str:
    """Return the scenarios that were drafted from the policies and accepted, if there are any."""
    file = visit.yard.programme.path / "material" / "scenarios.md"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return text if "\n## " in text else ""
