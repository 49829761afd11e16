"""Who takes part: invitations by link or list, names and teams, new codes, and codes to print."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.again import new_code
from drillyard.programs.joining import invite
from drillyard.programs.people import parse_people, rename, tell_apart
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
    """Make or end a link, add the people of a list, rename somebody, renew their code, or remove them."""
    known = {"link": _link, "list": _list, "code": _code, "end": _end, "remove": _remove, "rename": _rename}
    what = known.get(visit.field("what"))
    try:
        return what(visit) if what else _page(visit, 400)
    except BadInput as error:
        return _page(visit, 422, error=str(error), at=visit.field("what"))


@page("facilitator")
def print_codes(visit: Visit) -> Response:
    """Show a card with the code of every learner, of a team or of one person, to print and cut."""
    yard, asked = visit.yard, visit.request.query_params
    team, person = asked.get("team", ""), asked.get("person", "")
    learners = [one for one in yard.programme.roster().learners if team in ("", one.team) and person in ("", one.id)]
    if person and not learners:
        raise HTTPException(404, "Nobody here has that id.")
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
    visit.require_sure()
    learner = new_code(visit.yard.programme, visit.field("learner"))
    visit.yard.store.sign_out_learner(learner.id)
    called = visit.yard.programme.people().get(learner.id, learner.id)
    told = f"The new sign-in code of {called} is {learner.code}. The old one opens nothing any more."
    return _page(visit, told=told, card=learner.id)


def _rename(visit: Visit) -> Response:
    renamed = rename(visit.yard.programme, visit.field("learner"), visit.field("name"), visit.field("in_team"))
    called = visit.yard.programme.people()[renamed.id]
    return _page(
        visit, told=f"{renamed.id} is called {called} now{f', of the team {renamed.team}' * bool(renamed.team)}."
    )


def _end(visit: Visit) -> Response:
    visit.yard.invites.end(visit.field("link"), visit.name)
    return _page(visit, told="The link lets nobody in any more. Who came by it stays.")


def _remove(visit: Visit) -> Response:
    visit.require_sure()
    gone = forget(visit.yard.programme, visit.field("learner"))
    return _page(visit, told=f"{gone} was removed: name, code and everything typed. Grades stay counted, of nobody.")


def _page(
    visit: Visit, status: int = 200, *, told: str = "", card: str = "", error: str = "", at: str = "", link: str = ""
) -> Response:
    roster = visit.yard.programme.roster()
    typed = {name: visit.field(name) for name in ("people", "team", "places", "days", "role")}
    links = [(mark_of(one), one, tell_end(one)) for one in visit.yard.invites.open()]
    return visit.render(
        "people.html", status, roster=roster, names=tell_apart(visit.yard.programme.people()),
        plain=visit.yard.programme.people(), told=told, card=card, error=error, at=at,
        link=link, roles=visit.yard.programme.plan().roles, typed=typed, links=links,
    )  # fmt: skip
