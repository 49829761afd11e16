"""Joining by a link: say who you are, and get a code and a place."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.registrar.store import Refused
from drillyard.stats.shown import tell_count
from drillyard.yard.visit import Visit, page

__all__ = ["ask", "enter"]

_OVER = "This link leads nowhere: it is used up, has run out, or lost a letter in copying. Ask who sent it to you."


@page("anyone")
def ask(visit: Visit) -> Response:
    """Ask for a name."""
    return visit.go("/") if visit.learner else _ask(visit)


@page("anyone")
def enter(visit: Visit) -> Response:
    """Give whoever asks a place, sign them in, and show their code, this once. A second click shows it again."""
    if visit.learner:
        return visit.go("/")
    if not visit.yard.invites.joined(visit.request.path_params["token"], visit.token):
        _role_of(visit)
    try:
        learner = visit.yard.invites.join(visit.request.path_params["token"], visit.token, visit.field("name"))
    except Refused as over:
        raise HTTPException(404, str(over)) from None
    except BadInput as error:
        return _ask(visit, 422, str(error))
    visit.yard.builder.wake()
    token = visit.yard.store.sign_in(learner.id, learner.role)
    return visit.keep(visit.render("joined.html", code=learner.code), token)


def _ask(visit: Visit, status: int = 200, error: str = "") -> Response:
    brief = visit.yard.programme.brief()
    where = visit.request.path_params["token"]
    return visit.render(
        "join.html", status, brief=brief, role=_role_of(visit), token=where, error=error, typed=visit.field("name")
    )


def _role_of(visit: Visit) -> str:
    """Return the title of the role that the link leads to. A wrong link counts as a wrong code does.

    Who has to wait is told so whatever the link, and their tries meanwhile count for nothing.
    """
    yard = visit.yard
    address = visit.request.client.host if visit.request.client else ""
    if (wait := math.ceil(yard.by_address.wait(address))) > 0:
        minutes = tell_count(math.ceil(wait / 60), "minute")
        told = f"Too many wrong links or codes came from your address. Try again in {minutes}."
        raise HTTPException(429, told, headers={"retry-after": str(wait)})
    row = yard.invites.look(visit.request.path_params["token"])
    if row is None:
        yard.by_address.failed(address)
        raise HTTPException(404, _OVER)
    return next((one.title for one in yard.programme.plan().roles if one.role == row.role), row.role)
