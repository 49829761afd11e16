"""Keeping what is typed, as it is typed; and the way back from an address that only takes forms."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from drillyard.errors import BadInput
from drillyard.yard.pages.drill import path_of
from drillyard.yard.visit import Visit, page

__all__ = ["keep", "lead_back"]


@page("learner", during_pause=True)
def keep(visit: Visit) -> Response:
    """Keep a form that is not sent yet; once the work is handed in, there is nothing to keep."""
    one, me = visit.assignment(), visit.me().id
    if visit.yard.submissions.of(me, one.instance.id) is None:
        try:
            visit.yard.drafts.save(me, one.instance.id, visit.request.path_params["form"], visit.texts())
        except BadInput as error:
            return PlainTextResponse(str(error), 422)
    return Response(status_code=204)


@page("learner")
def lead_back(visit: Visit) -> Response:
    """Lead from a form's own address, which a reload or a sign-in opens, to the drill that the form is in."""
    return visit.go(path_of(visit.assignment()))
