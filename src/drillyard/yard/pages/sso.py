"""Signing on at an organisation's provider, and coming back from it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from drillyard.errors import BadInput
from drillyard.yard.visit import Visit, page

__all__ = ["come_back", "leave_for"]


@page("anyone")
def leave_for(visit: Visit) -> Response:
    """Send the browser to the provider."""
    if visit.yard.sso is None:
        raise HTTPException(404)
    try:
        where = visit.yard.sso.begin(visit.token)
    except BadInput as error:
        raise HTTPException(503, f"{error}.") from None
    return RedirectResponse(where, 303)


@page("anyone")
def come_back(visit: Visit) -> Response:
    """Sign in whom the provider names; a newcomer gets a place."""
    sso, yard = visit.yard.sso, visit.yard
    if sso is None:
        raise HTTPException(404)
    try:
        subject = sso.end(visit.request.query_params, visit.token)
    except BadInput as error:
        raise HTTPException(403, f"{error}.") from None
    learner = yard.platforms.newcomer(
        f"{sso.provider.issuer} {sso.provider.client_id} {subject}", sso.provider.role, "oidc"
    )
    yard.builder.wake()
    return visit.keep(visit.go("/drills"), yard.store.sign_in(learner.id, learner.role))
