"""The first page of a learner: which drills are mine, how far am I."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from drillyard.records import RolePlan
from drillyard.registrar.floor import held_switch
from drillyard.registrar.submissions import GradingProgress
from drillyard.yard.pages.lesson import LessonCard, lessons_of
from drillyard.yard.pages.placement import may_skip
from drillyard.yard.pages.steps import steps_of
from drillyard.yard.visit import Assignment, Visit, find_kit, page

__all__ = ["DrillCard", "go_home", "show_plan"]


@dataclass(frozen=True, kw_only=True)
class DrillCard:
    """A drill in the list: its last copy, how far its learner is, what became of the tries before, what teaches it.

    One that is `held` back is opened later, by the facilitator.
    """

    assignment: Assignment
    progress: GradingProgress | None
    claims: int
    begun: bool
    earlier: tuple[tuple[str, GradingProgress], ...]
    preparing: str
    lessons: tuple[LessonCard, ...]
    held: bool


@page("anyone")
def go_home(visit: Visit) -> Response:
    """Send everybody to the page where their work begins."""
    starts = {"facilitator": "/live", "auditor": "/designer", "designer": "/designer"}
    return visit.go(starts[visit.staff.role] if visit.staff else "/drills" if visit.learner else "/sign-in")


@page("learner")
def show_plan(visit: Visit) -> Response:
    """Show the learner's plan, and in it their drills."""
    learner, ready = visit.me(), {one.instance.id: one for one in visit.assigned()}
    plan = visit.yard.programme.plan()
    role = next((one for one in plan.roles if one.role == learner.role), None)
    lessons = lessons_of(visit)
    cards, coming, waiting = [], [], 0
    roster, work = visit.yard.programme.roster(), visit.yard.submissions.of_learner(learner.id)
    begun = {event.instance for event in visit.yard.store.events("started", learner=learner.id)}
    for drill in learner.drills:
        tries = learner.tries(drill) or (drill,)
        there = [name for name in tries if name in ready]
        if there:
            preparing = tries[-1] if tries[-1] not in ready else ""
            one = ready[there[-1]]
            card = DrillCard(
                assignment=one,
                progress=work.get(one.instance.id),
                claims=len(visit.yard.store.claims(learner.id, one.instance.id)),
                begun=one.instance.id in begun,
                earlier=tuple((name, work[name]) for name in there[:-1] if name in work),
                preparing=preparing,
                lessons=_before(role, one, lessons),
                held=held_switch(one.drill.id) in visit.switches,
            )
            cards.append(card)
        elif roster.built_by_the_yard(learner, tries[-1]):
            coming.append((find_kit(drill).drill.title, tries[-1]))
        else:
            waiting += 1
    steps = steps_of(visit, role, lessons)
    return visit.render(
        "drills.html",
        cards=cards,
        coming=coming,
        preparing=waiting,
        role=role,
        lessons=lessons,
        steps=steps,
        skips=may_skip(visit),
        places=any(one.activity.kind == "lesson" and not one.done for one in lessons.values()),
    )


def _before(role: RolePlan | None, one: Assignment, lessons: Mapping[str, LessonCard]) -> tuple[LessonCard, ...]:
    """Return the lessons of the plan that a drill comes after."""
    after = (
        {name for item in role.activities if item.activity.drill == one.drill.id for name in item.activity.after}
        if role
        else set()
    )
    return tuple(card for name, card in lessons.items() if name in after)
