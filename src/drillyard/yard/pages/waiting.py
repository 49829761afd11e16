"""Drafts that an overseer holds: whoever may review sees what was asked, the draft and what critics said, and decides.

The queue is the overseer's own folder (`drillyard yard serve … --overseer FOLDER`): what is decided here is in its
ledger, beside what was decided at a terminal, and `GET /v1/held/ID` of the overseer tells the client.
"""

from __future__ import annotations

from typing import Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.oversight.live.overseer import HoldQueue, HoldVerdict
from drillyard.yard.visit import Visit, page

__all__ = ["decide", "show"]

_SHOWN, _PAST = 20, 20
"""Drafts on the page at a time, the oldest first, and earlier decisions below them."""
_DONE = {"release": "It was sent as it was written.", "edit": "Your text was sent.", "refuse": "Nothing was sent."}


@page("member")
def show(visit: Visit) -> Response:
    """List what waits."""
    return _page(visit)


@page("member")
def decide(visit: Visit) -> Response:
    """Write a decision down; who comes second is told who was first."""
    queue, name = _queue(visit), visit.request.path_params["id"]
    action, text = visit.field("action"), visit.field("text").strip()
    if action not in _DONE:
        raise HTTPException(400)
    kind: Literal["release", "edit", "refuse"] = (
        "release" if action == "release" else "edit" if action == "edit" else "refuse"
    )
    verdict = HoldVerdict(id=name, by=visit.name, action=kind, text=text if action == "edit" else "")
    if action == "edit" and (wrong := _unsent(queue, name, text)):
        return _page(visit, 400, error=wrong, at=name)
    try:
        counts = queue.decide(verdict)
    except BadInput:
        raise HTTPException(404, "No draft of that id waits here.") from None
    if counts != verdict:
        told = f"{counts.by} had decided already: {_DONE[counts.action]}"
        return _page(visit, 409, told=told)
    return _page(visit, told=_DONE[action])


def _page(visit: Visit, status: int = 200, *, told: str = "", error: str = "", at: str = "") -> Response:
    queue = _queue(visit)
    waiting, verdicts = queue.waiting(), queue.verdicts()
    past = [(one, verdicts[one.id]) for one in queue.decisions() if one.id in verdicts]
    return visit.render(
        "waiting.html", status, waiting=waiting[:_SHOWN], more=max(0, len(waiting) - _SHOWN), total=len(waiting),
        past=past[-_PAST:][::-1], done=_DONE, told=told, error=error, at=at, typed=visit.field("text"),
    )  # fmt: skip


def _unsent(queue: HoldQueue, name: str, text: str) -> str:
    """Return why a text is no edit."""
    if not text:
        return "Type what is to be sent, or press “Send nothing”."
    same = any(one.id == name and one.draft.strip() == text for one in queue.waiting())
    return "You have changed nothing: change it, or press “Send the draft as it is”." if same else ""


def _queue(visit: Visit) -> HoldQueue:
    """Return the queue; others than reviewers learn nothing of it."""
    if visit.yard.overseer is None or not visit.reviews:
        raise HTTPException(404)
    return visit.yard.overseer
