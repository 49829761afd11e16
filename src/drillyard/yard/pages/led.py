"""What a facilitator leads: every activity of the plan with its text, and who took part in those that need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.planning.graph import EVIDENCE
from drillyard.programs.roster import Learner
from drillyard.records import Activity, Objective
from drillyard.registrar.led import MOST_NOTE, OUTCOMES, Overtaken, led_activities, mark_of, outcomes_of
from drillyard.yard.pages.lesson import as_html
from drillyard.yard.visit import Visit, page

__all__ = ["record", "show", "show_all"]

_SHOWN = 32
"""People on a page: a form has a hundred fields, three for each."""


class _Sent(NamedTuple):
    """What was chosen for somebody, in place of what the form was made with, whose mark is `seen`."""

    learner: str
    outcome: str
    note: str
    seen: str


@page("facilitator")
def show_all(visit: Visit) -> Response:
    """Show the plan as whoever leads it needs it."""
    programme, rows = visit.yard.programme, visit.yard.led.all()
    plan = programme.plan()
    led = led_activities(programme, plan)
    roles = {one.id: one.role for one in programme.roster().learners}
    people = Counter(roles.values())
    return visit.render(
        "led.html",
        roles=[
            (role, people[role.role], [(step.activity, step.activity.id in led) for step in role.activities])
            for role in plan.roles
        ],
        recorded=Counter((row.activity, roles.get(row.learner)) for row in rows),
        evidence=EVIDENCE,
    )


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show one activity."""
    return _page(visit, _activity(visit))


@page("facilitator")
def record(visit: Visit) -> Response:
    """Keep what was chosen for each of the people on the page; who is left as they are is left alone.

    Where somebody else recorded another thing since the page was made, theirs stays, and both are shown.
    """
    activity, yard = _activity(visit), visit.yard
    if activity.id not in led_activities(yard.programme, yard.programme.plan()):
        raise HTTPException(404)
    sent = _sent(visit, activity)
    if any(one.outcome not in outcomes_of(activity) for one in sent):
        raise HTTPException(400)
    wrong = {}
    for one in sent:
        try:
            yard.led.record(one.learner, activity.id, one.outcome, one.note, visit.name, one.seen)
        except Overtaken as error:
            now = f"Somebody else changed this since you opened the page. Now it says: {error}"
            wrong[one.learner] = f"{now}. What you chose is still here; press Record again to put it in its place."
        except BadInput as error:
            wrong[one.learner] = f"{error}."
    if wrong:
        return _page(visit, activity, 422, wrong, {one.learner: one for one in sent if one.learner in wrong})
    return visit.go(f"/live/led/{activity.id}?{visit.request.url.query}#who")


def _activity(visit: Visit) -> Activity:
    plan = visit.yard.programme.plan()
    steps = {step.activity.id: step.activity for role in plan.roles for step in role.activities}
    found = steps.get(visit.request.path_params["activity"])
    if found is None:
        raise HTTPException(404, "No role's plan has an activity of that name.")
    return found


def _sent(visit: Visit, activity: Activity) -> list[_Sent]:
    """Return what the form changes: a row as the page showed it is nobody's choice."""
    known, sent, found = {one.id for one in _people(visit, activity.id)}, dict(visit.texts()), []
    for name, outcome in sent.items():
        learner = name.removeprefix("outcome ")
        if learner != name and learner in known:
            note = sent.get(f"note {learner}", "").strip() if outcome else ""
            one = _Sent(learner, outcome, note, sent.get(f"seen {learner}", ""))
            if mark_of(one.outcome, one.note) != one.seen:
                found.append(one)
    return found


def _people(visit: Visit, activity: str) -> list[Learner]:
    """Return those whose plan has an activity, by team and name."""
    programme = visit.yard.programme
    roles = {role.role for role in programme.plan().roles if activity in [step.activity.id for step in role.activities]}
    names = programme.people()
    found = [one for one in programme.roster().learners if one.role in roles]
    return sorted(found, key=lambda one: (one.team, names.get(one.id, one.id).casefold()))


def _page(
    visit: Visit,
    activity: Activity,
    status: int = 200,
    wrong: Mapping[str, str] | None = None,
    typed: Mapping[str, _Sent] | None = None,
) -> Response:
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
        names=yard.programme.people(),
        recorded=yard.led.at(activity.id),
        mark=mark_of,
        wrong=wrong or {},
        typed=typed or {},
        outcomes=[(one, OUTCOMES[one]) for one in outcomes_of(activity)],
        most=MOST_NOTE,
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
