"""The first page of a learner: which drills are mine, how far am I."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from drillyard.yard.submissions import Progress
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["Card", "home", "mine"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A drill in the list, with how far its learner is."""

    assignment: Assignment
    progress: Progress | None
    claims: int
    begun: bool


@page("anyone")
def home(visit: Visit) -> Response:
    """Send everybody to the page where their work begins."""
    return visit.go("/designer" if visit.designer else "/drills" if visit.learner else "/sign-in")


@page("learner")
def mine(visit: Visit) -> Response:
    """List the learner's drills."""
    store, me = visit.yard.store, visit.me().id
    cards = []
    for one in visit.assigned():
        name = one.instance.id
        claims = len(store.claims(me, name))
        cards.append(
            Card(
                assignment=one,
                progress=visit.yard.submissions.of(me, name),
                claims=claims,
                begun=claims > 0 or bool(store.chats(me, name)),
            )
        )
    return visit.render("drills.html", cards=cards, preparing=len(visit.me().instances) - len(cards))
