"""Who takes part: invitations by link or list, new codes, and codes to print."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.again import new_code
from drillyard.programs.joining import invite
from drillyard.programs.people import parse_people
from drillyard.yard.visit import Visit, page

__all__ = ["change", "print_codes", "show"]


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show who takes part, and the forms that let others in."""
    return _page(visit)


@page("facilitator")
def change(visit: Visit) -> Response:
    """Make a link, add the people of a list, or give somebody a new code."""
    what = {"link": _link, "list": _list, "code": _code}.get(visit.field("what"))
    try:
        return what(visit) if what else _page(visit, 400)
    except BadInput as error:
        return _page(visit, 422, error=str(error), at=visit.field("what"))


@page("facilitator")
def print_codes(visit: Visit) -> Response:
    """Show a card with the code of every learner, to print and cut."""
    yard = visit.yard
    team = visit.request.query_params.get("team", "")
    learners = [one for one in yard.programme.roster().learners if not team or one.team == team]
    address = str(visit.request.base_url)
    return visit.render(
        "codes.html", learners=learners, names=yard.programme.people(), brief=yard.programme.brief(), address=address
    )


def _link(visit: Visit) -> Response:
    places, days = (int(one) if one.isascii() and one.isdigit() else 0 for one in map(visit.field, ("places", "days")))
    token = visit.yard.invites.make(visit.field("role"), visit.name, visit.field("team"), places, days)
    return _page(visit, link=f"{visit.request.base_url}join/{token}")


def _list(visit: Visit) -> Response:
    yard = visit.yard
    people = parse_people(visit.field("people").strip(), "the list", yard.programme.plan())
    before = {one.id for one in yard.programme.roster().learners}
    added = invite(yard.programme, people, yard.store.seen())
    yard.builder.wake()
    new = sum(one.id not in before for one in added)
    return _page(visit, told=f"{len(added)} people have a place, {new} of them a new one. Print their codes below.")


def _code(visit: Visit) -> Response:
    learner = new_code(visit.yard.programme, visit.field("learner"))
    visit.yard.store.sign_out_learner(learner.id)
    told = f"The new sign-in code of {learner.id} is {learner.code}. The old one opens nothing any more."
    return _page(visit, told=told)


def _page(
    visit: Visit, status: int = 200, *, told: str = "", error: str = "", at: str = "", link: str = ""
) -> Response:
    roster = visit.yard.programme.roster()
    typed = {name: visit.field(name) for name in ("people", "team", "places", "days", "role")}
    return visit.render(
        "people.html", status, roster=roster, names=visit.yard.programme.people(), told=told, error=error, at=at,
        link=link, roles=visit.yard.programme.plan().roles, typed=typed,
    )  # fmt: skip
