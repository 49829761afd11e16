"""Placement: at most a dozen questions from the lessons of the plan, and which of them may be skipped."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.planning.questions import AnyQuestion
from drillyard.psychometrics.bank import Bank
from drillyard.psychometrics.placement import MOST_ITEMS
from drillyard.registrar.lessons import points_at_first
from drillyard.registrar.placed import (
    Placement,
    items_of,
    keep_placed,
    make_bank,
    place_learner,
    placed_by,
)
from drillyard.yard.pages.lesson import ShownQuestion, lessons_planned
from drillyard.yard.visit import Visit, page

__all__ = ["answer", "may_skip", "show"]


@page("learner")
def show(visit: Visit) -> Response:
    """Show the next question, or what the placement says."""
    return _page(visit)


@page("learner")
def answer(visit: Visit) -> Response:
    """Keep an answer, and ask the next question; only the one that is asked may be answered."""
    placement, questions = _placement(visit), _questions(visit)
    item, typed = visit.field("question"), visit.fields("answer")
    if placement is None or item != placement.item:
        return visit.go("/placement")
    question = questions[item]
    try:
        given = question.read(typed)
    except BadInput as error:
        return _page(visit, 422, str(error), typed)
    keep_placed(visit.yard.store, visit.me().id, item, given, question.earned(given))
    return visit.go("/placement")


def may_skip(visit: Visit) -> bool:
    """Say whether a learner's placement lets them skip the lessons of their plan."""
    if not placed_by(visit.yard.store, visit.me().id):  # else no bank has to be made
        return False
    placement = _placement(visit)
    return placement is not None and placement.mastery is not None and placement.mastery.verdict == "pass"


def _bank(visit: Visit) -> Bank | None:
    """Return the bank of the questions of the learner's lessons."""
    yard, planned = visit.yard, lessons_planned(visit)
    return make_bank(planned, points_at_first(yard.programme, yard.store))


def _questions(visit: Visit) -> Mapping[str, AnyQuestion]:
    return items_of(lessons_planned(visit))


def _placement(visit: Visit) -> Placement | None:
    bank, me = _bank(visit), visit.me().id
    return place_learner(bank, me, placed_by(visit.yard.store, me)) if bank else None


def _page(visit: Visit, status: int = 200, error: str = "", typed: list[str] | None = None) -> Response:
    placement = _placement(visit)
    question = _questions(visit).get(placement.item or "") if placement else None
    told = (
        ShownQuestion(question=question, last=None, closed=False, fields=typed or [], error=error) if question else None
    )
    return visit.render("placement.html", status, placement=placement, told=told, most=MOST_ITEMS)
