"""What a learner earned, in words and as a signed credential of their own, and who signs."""

from __future__ import annotations

from typing import Any

import jwt
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from drillyard.exports.badges import issuer_of, read_credential, revoked_in, write_badges
from drillyard.exports.course import Course, course_of
from drillyard.registrar.attempts import attempts_of
from drillyard.yard.visit import Visit, page

__all__ = ["give", "issuer", "revoked", "show"]


@page("learner")
def show(visit: Visit) -> Response:
    """Show in words what the credential of a passed drill says, and whether it holds."""
    drill, course, programme = visit.request.path_params["drill"], _course(visit), visit.yard.programme
    token, why = _token(visit, drill), ""
    body: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    try:
        read_credential(token, issuer_of(programme, course), revoked_in(programme, course), visit.yard.store.clock())
    except ValueError as error:
        why = str(error)
    subject = body["credentialSubject"]
    return visit.render(
        "credential.html", drill=drill, body=body, subject=subject, achieved=subject["achievement"], why=why
    )


@page("learner")
def give(visit: Visit) -> Response:
    """Give the credential of a drill that the learner passed; whom they show it to is theirs to decide."""
    drill = visit.request.path_params["drill"]
    named = {"content-disposition": f'attachment; filename="{drill}.jwt"'}
    return Response(_token(visit, drill), media_type="application/vc+jwt", headers=named)


@page("anyone")
def issuer(visit: Visit) -> Response:
    """Tell who signs, with the public keys."""
    return JSONResponse(issuer_of(visit.yard.programme, _course(visit)))


@page("anyone")
def revoked(visit: Visit) -> Response:
    """Tell which credentials were taken back."""
    return JSONResponse(revoked_in(visit.yard.programme, _course(visit)))


def _token(visit: Visit, drill: str) -> bytes:
    yard = visit.yard
    mine = [one for one in attempts_of(yard.programme, yard.store, visit.me().id) if one.drill == drill]
    files = write_badges(yard.programme, mine, _course(visit), yard.store.clock())
    token = next((data for name, data in files.items() if name.endswith(".jwt")), None)
    if token is None:
        raise HTTPException(404, "You have not passed a drill of that name. Your progress lists what you have.")
    return token


def _course(visit: Visit) -> Course:
    if not visit.yard.url:
        raise HTTPException(404, "This yard does not know its own address, so it signs nothing: start it with --url.")
    return course_of(visit.yard.programme, visit.yard.url)
