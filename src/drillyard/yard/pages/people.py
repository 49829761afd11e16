"""Who takes part: invitations by link or list, new codes, and codes to print."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.errors import BadInput, bad_input
from drillyard.programs.again import new_code
from drillyard.programs.joining import invite
from drillyard.programs.people import parse_people
from drillyard.registrar.invites import mark_of, tell_end
from drillyard.registrar.retention import forget
from drillyard.yard.visit import Visit, page

__all__ = ["change", "print_codes", "show"]


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show who takes part, and the forms that let others in."""
    return _page(visit)


@page("facilitator")
def change(visit: Visit) -> Response:
    """Make a link, add the people of a list, give somebody a new code, end a link, or remove somebody."""
    what = {"link": _link, "list": _list, "code": _code, "end": _end, "remove": _remove}.get(visit.field("what"))
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
    return visit.render(
        "codes.html",
        learners=learners,
        names=yard.programme.people(),
        brief=yard.programme.brief(),
        address=visit.address,
    )


def _link(visit: Visit) -> Response:
    places, days = (int(one) if one.isascii() and one.isdigit() else 0 for one in map(visit.field, ("places", "days")))
    token = visit.yard.invites.make(visit.field("role"), visit.name, visit.field("team"), places, days)
    return _page(visit, link=f"{visit.address}/join/{token}")


def _list(visit: Visit) -> Response:
    yard = visit.yard
    people = parse_people(visit.field("people").strip(), "the list", yard.programme.plan())
    before = {one.id for one in yard.programme.roster().learners}
    added = invite(yard.programme, people, yard.store.seen())
    yard.builder.wake()
    new = sum(one.id not in before for one in added)
    return _page(
        visit,
        told=f"{len(added)} people have a place, {new} of them a new one. Their cards are among the codes to print.",
    )


def _code(visit: Visit) -> Response:
    _require_sure(visit)
    learner = new_code(visit.yard.programme, visit.field("learner"))
    visit.yard.store.sign_out_learner(learner.id)
    called = visit.yard.programme.people().get(learner.id, learner.id)
    told = f"The new sign-in code of {called} is {learner.code}. The old one opens nothing any more."
    return _page(visit, told=told)


def _end(visit: Visit) -> Response:
    visit.yard.invites.end(visit.field("link"), visit.name)
    return _page(visit, told="The link lets nobody in any more. Who came by it stays.")


def _require_sure(visit: Visit) -> None:
    if visit.field("sure") != "yes":
        raise bad_input("no word that you are sure", "the box ticked", "tick it")


def _remove(visit: Visit) -> Response:
    _require_sure(visit)
    gone = forget(visit.yard.programme, visit.field("learner"))
    return _page(visit, told=f"{gone} was removed: name, code and everything typed. Grades stay counted, of nobody.")


def _page(
    visit: Visit, status: int = 200, *, told: str = "", error: str = "", at: str = "", link: str = ""
) -> Response:
    roster = visit.yard.programme.roster()
    typed = {name: visit.field(name) for name in ("people", "team", "places", "days", "role")}
    links = [(mark_of(one), one, tell_end(one)) for one in visit.yard.invites.open()]
    return visit.render(
        "people.html", status, roster=roster, names=visit.yard.programme.people(), told=told, error=error, at=at,
        link=link, roles=visit.yard.programme.plan().roles, typed=typed, links=links,
    )  # fmt: skip
