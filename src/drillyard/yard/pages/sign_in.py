"""Signing in with a code, and out."""

from __future__ import annotations

import math
import re

from starlette.responses import Response

from drillyard.stats.shown import tell_count
from drillyard.yard.door import match_code, plain_code
from drillyard.yard.visit import Visit, page

__all__ = ["ask", "check", "leave"]

_PREFIX = 4
"""Letters of a code by which wrong tries are counted: they tell learners apart, and sign nobody in."""


@page("anyone")
def ask(visit: Visit) -> Response:
    """Ask for the code."""
    asked = visit.request.query_params
    if visit.name:
        return visit.go(_ours(asked.get("next", "")) or "/")
    return visit.render(
        "sign_in.html",
        called_sso=_sso(visit),
        again="again" in asked,
        error="",
        code="",
        next=_ours(asked.get("next", "")),
    )


@page("anyone")
def check(visit: Visit) -> Response:
    """Let the owner of a code in; anybody else may try a few times."""
    yard, code, after = visit.yard, visit.field("code")[:100], _ours(visit.field("next"))
    address = visit.request.client.host if visit.request.client else ""
    limits = ((yard.by_address, address), (yard.by_code, plain_code(code)[:_PREFIX]))
    roster = yard.programme.roster()
    staff, learners = roster.whole_staff, roster.learners
    with yard.by_address.looking:
        wait, place = max(limit.wait(name) for limit, name in limits), None
        if wait <= 0:
            place = match_code(code, [*(one.code for one in staff), *(one.code for one in learners)])
        if wait <= 0 and place is None:
            for limit, name in limits:
                limit.failed(name)
    if wait > 0:
        minutes = math.ceil(wait / 60)
        error = f"Too many wrong codes. Try again in {tell_count(minutes, 'minute')}."
        response = visit.render(
            "sign_in.html", 429, called_sso=_sso(visit), again=False, error=error, code=code, next=after
        )
        response.headers["retry-after"] = str(math.ceil(wait))
        return response
    if place is None:
        error = "This code is not in the programme. Check it letter by letter, or ask your designer for it."
        return visit.render(
            "sign_in.html", 403, called_sso=_sso(visit), again=False, error=error, code=code, next=after
        )
    if place < len(staff):
        token = yard.store.sign_in(None, staff[place].role, staff[place].id)
        ours = re.match(r"/(designer|live|held|values)", after) is not None
        return visit.keep(visit.go(after if ours else "/"), token)
    learner = learners[place - len(staff)]
    token = yard.store.sign_in(learner.id, learner.role)
    if re.match(r"/shell/open\?", after):
        return visit.keep(visit.go(after), token)
    # Their own last page only: on a shared machine the next one who signs in is sent to their start.
    mine = any(after.startswith(f"/drills/{name}") for name in learner.instances) or after in ("/held", "/values")
    return visit.keep(visit.go(after if mine else "/"), token)


@page("anyone")
def leave(visit: Visit) -> Response:
    """End the session here and in the store."""
    visit.yard.store.sign_out(visit.token)
    response = visit.go("/sign-in")
    response.delete_cookie("drillyard")
    return response


def _sso(visit: Visit) -> str:
    """Return what the provider is called that people may sign on at, or nothing."""
    return visit.yard.sso.provider.called if visit.yard.sso else ""


def _ours(path: str) -> str:
    """Return an address within the yard as it is, and nothing for any other."""
    return path if re.fullmatch(r"/(drills|designer|live|held|values|shell/open)[A-Za-z0-9/_?=&-]{0,200}", path) else ""
