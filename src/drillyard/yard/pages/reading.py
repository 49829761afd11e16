"""What there is to read before a session: what the programme is about, the organisation's policies, the law."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.records import Activity, Policy
from drillyard.yard.pages.lesson import as_html
from drillyard.yard.visit import Visit, Yard, page

__all__ = ["MOST_SHOWN", "finish", "show"]

MOST_SHOWN = 200_000
"""Most bytes of a policy that are shown; longer ones, and what is no text, are with the facilitator."""


@page("member")
def show(visit: Visit) -> Response:
    """Show the texts that readings of the plan are about."""
    brief = visit.yard.programme.brief()
    policies = [(one, as_html(_text(visit.yard, one))) for one in brief.policies]
    done = visit.yard.led.of(visit.learner.id) if visit.learner else {}
    return visit.render("reading.html", brief=brief, policies=policies, readings=_readings(visit), done=done)


@page("learner")
def finish(visit: Visit) -> Response:
    """Keep that the learner has read what a reading of their plan is about; they say so themselves."""
    activity, me = visit.request.path_params["activity"], visit.me().id
    if activity not in [one.id for one in _readings(visit)]:
        raise HTTPException(404)
    if activity not in visit.yard.led.of(me):
        visit.yard.led.record(me, activity, "took-part", "", me)
    return visit.go("/drills")


def _readings(visit: Visit) -> list[Activity]:
    """Return the readings of the learner's plan."""
    roles = visit.yard.programme.plan().roles if visit.learner else ()
    steps = next((role.activities for role in roles if visit.learner and role.role == visit.learner.role), ())
    return [step.activity for step in steps if step.activity.kind == "reading"]


def _text(yard: Yard, policy: Policy) -> str:
    """Return a policy as text, or nothing where it is none or cannot be read."""
    try:
        data = (yard.programme.path / policy.path).read_bytes()
        return data.decode() if len(data) <= MOST_SHOWN else ""
    except (OSError, UnicodeDecodeError):
        return ""
