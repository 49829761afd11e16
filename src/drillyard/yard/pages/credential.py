"""What a learner earned, as a signed credential of their own, and who signs."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from drillyard.exports.badges import issuer_of, revoked_in, write_badges
from drillyard.exports.course import Course, course_of
from drillyard.registrar.attempts import attempts_of
from drillyard.yard.visit import Visit, page

__all__ = ["give", "issuer", "revoked"]


@page("learner")
def give(visit: Visit) -> Response:
    """Give the credential of a drill that the learner passed; whom they show it to is theirs to decide."""
    drill, yard = visit.request.path_params["drill"], visit.yard
    mine = [one for one in attempts_of(yard.programme, yard.store, visit.me().id) if one.drill == drill]
    files = write_badges(yard.programme, mine, _course(visit), yard.store.clock())
    token = next((data for name, data in files.items() if name.endswith(".jwt")), None)
    if token is None:
        raise HTTPException(404, "You have not passed a drill of that name. Your progress lists what you have.")
    named = {"content-disposition": f'attachment; filename="{drill}.jwt"'}
    return Response(token, media_type="application/vc+jwt", headers=named)


@page("anyone")
def issuer(visit: Visit) -> Response:
    """Tell who signs, with the public keys."""
    return JSONResponse(issuer_of(visit.yard.programme, _course(visit)))


@page("anyone")
def revoked(visit: Visit) -> Response:
    """Tell which credentials were taken back."""
    return JSONResponse(revoked_in(visit.yard.programme, _course(visit)))


def _course(visit: Visit) -> Course:
    if not visit.yard.url:
        raise HTTPException(404, "This yard does not know its own address, so it signs nothing: start it with --url.")
    return course_of(visit.yard.programme, visit.yard.url)
