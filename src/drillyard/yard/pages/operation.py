"""For whoever runs the yard: is it well, and how is it doing."""

from __future__ import annotations

from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from drillyard.yard.measures import backlog

__all__ = ["health", "metrics"]

_HERE = ("127.0.0.1", "::1")


async def health(request: Request) -> Response:
    """Say whether the database answers, and whether anybody grades; a balancer goes by the first alone."""
    try:
        known = await run_sync(backlog, request.app.state.yard.store)
    except SQLAlchemyError:
        return JSONResponse({"status": "the database does not answer"}, 503)
    if known["grading_unattended"]:  # pages are served all the same, so this takes no yard out of a balancer's list
        return JSONResponse({"status": "ok", "grading": "nobody takes what waits: start drillyard yard work"})
    return JSONResponse({"status": "ok"})


async def metrics(request: Request) -> Response:
    """Tell the measures, on this machine alone."""
    if request.client is None or request.client.host not in _HERE:
        raise HTTPException(404)
    gauges = await run_sync(backlog, request.app.state.yard.store)
    return PlainTextResponse(request.app.state.measures.text(gauges), media_type="text/plain; version=0.0.4")
