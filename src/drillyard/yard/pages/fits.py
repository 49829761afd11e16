"""The repair without a terminal: say what is to be refused, have a technique fitted, weigh it, hand two of them in."""

from __future__ import annotations

from typing import Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.exercises.too_permissive_too_censored.workbench import (
    WorkbenchOrder,
    check_order,
    missing,
    offers,
    sorts,
)
from drillyard.records import ArtefactSubmission
from drillyard.yard.fits import QUOTA
from drillyard.yard.pages.checking import AT_A_TIME
from drillyard.yard.pages.drill import path_of
from drillyard.yard.pages.uploads import receive
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["ask", "hand_in", "show"]

_KINDS = {"weights": "Weights", "inside": "Hidden states", "around": "What stands around the model"}


@page("learner")
def show(visit: Visit) -> Response:
    """Show the form and what was fitted so far."""
    one = _repair(visit)
    if visit.yard.submissions.closed(visit.me().id, one.instance.id):
        return visit.leave(f"{path_of(one)}/result")
    visit.yard.store.started(visit.me().id, one.instance.id)
    return _view(visit, one)


@page("learner")
def ask(visit: Visit) -> Response:
    """Put a fit in line; what is wrong with it is told beside the button, and everything chosen is still there."""
    one = _repair(visit)
    assert one.world is not None  # a repair is of a model in a world
    said = {name.removeprefix("sort:"): value for name, value in visit.texts() if name.startswith("sort:")}
    dial = visit.field("strength").strip()
    order = WorkbenchOrder(
        technique=visit.field("technique")[:60],
        refuse=tuple(name for name, value in said.items() if value == "refuse"),
        answer=tuple(name for name, value in said.items() if value == "answer"),
    )
    try:
        order = order.model_copy(update={"strength": _number(dial)})
        check_order(order, one.world)
        visit.yard.fits.ask(visit.me().id, one.instance.id, order)
    except BadInput as error:
        return _view(visit, one, status=422, order=order, dial=dial, error=str(error))
    visit.yard.fitter.wake()
    return visit.go(f"{path_of(one)}/fits#fitted")


@page("learner", limiter=AT_A_TIME)
def hand_in(visit: Visit) -> Response:
    """Take two fits and an operating point by the road that a packed file takes: checked, and looked at once more."""
    one, me = _repair(visit), visit.me().id
    artefacts = [visit.yard.fits.artefact(me, one.instance.id, visit.field(place)) for place in ("first", "second")]
    point = _point(visit.field("point"))
    first, second = artefacts
    if first is None or second is None or point is None:
        return _view(visit, one, status=422, hand_in_error="Choose a first fit, a second one, and an operating point.")
    packed = ArtefactSubmission(instance=one.instance.id, learner=me, artefacts=(first, second), point=point)
    return receive(visit, one, lambda: packed.to_json().encode())


def _repair(visit: Visit) -> Assignment:
    one = visit.assignment()
    if one.drill.hands_in != "artefacts" or one.world is None:
        raise HTTPException(404)
    return one


def _number(text: str) -> float | None:
    """Return what was typed for the dial; nothing is where the technique stands by itself."""
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        raise BadInput(f"found {text[:40]!r} for the dial, expected a number, or nothing") from None


def _point(text: str) -> Literal["first", "second", "both"] | None:
    known: tuple[Literal["first"], Literal["second"], Literal["both"]] = ("first", "second", "both")
    return next((point for point in known if point == text), None)


def _view(
    visit: Visit,
    one: Assignment,
    *,
    status: int = 200,
    order: WorkbenchOrder | None = None,
    dial: str = "",
    error: str = "",
    hand_in_error: str = "",
) -> Response:
    assert one.world is not None
    me, name = visit.me().id, one.instance.id
    fits = visit.yard.fits.of(me, name)
    last = order or (fits[-1].order if fits else WorkbenchOrder(technique=""))
    offered = offers()
    return visit.render(
        "fits.html",
        status,
        one=one,
        here=path_of(one),
        fits=fits,
        points={fit.number: fit.point for fit in fits if fit.point},
        open=any(fit.open for fit in fits),
        left=visit.yard.fits.left(me, name),
        quota=QUOTA,
        sorts=sorts(one.world),
        order=last,
        again=order is not None,
        dial=dial,
        kinds={words: [offer for offer in offered if offer.kind == kind] for kind, words in _KINDS.items()},
        kind_of={offer.name: _KINDS[offer.kind] for offer in offered},
        missing=missing(),
        error=error,
        hand_in_error=hand_in_error,
        chosen={place: visit.field(place) for place in ("first", "second", "point")},
    )
