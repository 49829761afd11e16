"""The first page of a learner: which drills are mine, how far am I."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from drillyard.yard.submissions import GradingProgress
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["DrillCard", "go_home", "show_plan"]


@dataclass(frozen=True, kw_only=True)
class DrillCard:
    """A drill in the list: its last copy, how far its learner is, and what became of the tries before."""

    assignment: Assignment
    progress: GradingProgress | None
    claims: int
    begun: bool
    earlier: tuple[tuple[str, GradingProgress], ...]
    preparing: str


@page("anyone")
def go_home(visit: Visit) -> Response:
    """Send everybody to the page where their work begins."""
    return visit.go("/designer" if visit.designer else "/drills" if visit.learner else "/sign-in")


@page("learner")
def show_plan(visit: Visit) -> Response:
    """Show the learner's plan, and in it their drills."""
    learner, ready = visit.me(), {one.instance.id: one for one in visit.assigned()}
    cards, waiting = [], 0
    for drill in learner.drills:
        tries = learner.tries(drill) or (drill,)
        there = [name for name in tries if name in ready]
        if there:
            cards.append(_card(visit, ready[there[-1]], there, tries[-1] if tries[-1] not in ready else ""))
        else:
            waiting += 1
    plan = visit.yard.programme.plan()
    role = next((one for one in plan.roles if one.role == learner.role), None)
    return visit.render("drills.html", cards=cards, preparing=waiting, role=role)


def _card(visit: Visit, one: Assignment, tries: list[str], preparing: str) -> DrillCard:
    store, of, me = visit.yard.store, visit.yard.submissions.of, visit.me().id
    name = one.instance.id
    claims = len(store.claims(me, name))
    earlier = tuple((before, progress) for before in tries[:-1] if (progress := of(me, before)))
    return DrillCard(
        assignment=one,
        progress=of(me, name),
        claims=claims,
        begun=claims > 0 or bool(store.chats(me, name)),
        earlier=earlier,
        preparing=preparing,
    )
