"""One seat of the session: what somebody tried, and what helps them on."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.drills.answers.drill import SHEET
from drillyard.drills.answers.scoring import put_in_words
from drillyard.drills.tutoring.rules import Advice
from drillyard.errors import BadInput
from drillyard.programs.again import further_try
from drillyard.programs.roster import drill_of
from drillyard.records import AnswerSheet, AnswerSubmission, Hint
from drillyard.records.files import read_record
from drillyard.registrar.seats import Seat
from drillyard.yard.tutoring import advice_for
from drillyard.yard.visit import Visit, find_released, page

__all__ = ["help_on", "show"]

_SHOWN = 30
"""Messages on the page, the newest: enough to see a pattern."""


@page("facilitator")
def show(visit: Visit) -> Response:
    """Show what was tried."""
    return _page(visit, _seat(visit))


@page("facilitator")
def help_on(visit: Visit) -> Response:
    """Give a hint by hand, or a fresh copy."""
    seat, yard = _seat(visit), visit.yard
    if visit.field("fresh"):
        drill = drill_of(seat.instance, seat.learner.id)
        try:
            name = further_try(yard.programme, seat.learner.id, drill, after=seat.instance, policy=False)
        except BadInput as error:
            return _page(visit, seat, 422, error=str(error))
        yard.builder.wake()
        return _page(visit, seat, told=f"{name} is being prepared; it comes under “My drills” within a minute or so.")
    try:
        yard.floor.tip(seat.learner.id, seat.instance, visit.field("words"), visit.name)
    except BadInput as error:
        return _page(visit, seat, 422, error=str(error))
    return visit.go(f"/live/at/{seat.instance}")


def _seat(visit: Visit) -> Seat:
    seat = visit.yard.seats.at(visit.request.path_params["instance"])
    if seat is None:
        raise HTTPException(404, "No learner has a copy of that name.")
    return seat


def _page(visit: Visit, seat: Seat, status: int = 200, told: str = "", error: str = "") -> Response:
    yard, me, name = visit.yard, seat.learner.id, seat.instance
    opened = {row.place for row in yard.store.hints(me, name)}
    progress = yard.submissions.of(me, name)
    return visit.render(
        "seat.html",
        status,
        seat=seat,
        name=yard.programme.people().get(me, me),
        chats=yard.store.chats(me, name)[-_SHOWN:],
        answers=_answers(visit, seat),
        claims=list(yard.store.claims(me, name).values()),
        advice=_advice(visit, seat),
        hints=[(hint, place in opened) for place, hint in enumerate(_hints(visit, name))],
        tips=yard.floor.tips(me, name),
        progress=progress,
        last=name == (seat.learner.tries(drill_of(name, me)) or (name,))[-1],
        told=told,
        error=error,
        typed=visit.field("words"),
    )


def _answers(visit: Visit, seat: Seat) -> list[tuple[str, str]]:
    """Return what was answered on a paper: what was handed in, or else what stands in the form; with its questions."""
    yard, me, name = visit.yard, seat.learner.id, seat.instance
    if seat.drill.hands_in != "answers":
        return []
    progress, draft = yard.submissions.of(me, name), yard.drafts.of(me, name, "answers")
    given = progress.submission if progress else None
    answers = given.answers if isinstance(given, AnswerSubmission) else dict(draft.fields) if draft else {}
    if not answers:
        return []
    return put_in_words(read_record(yard.programme.target(yard.programme.instance(name)) / SHEET, AnswerSheet), answers)


def _advice(visit: Visit, seat: Seat) -> list[Advice]:
    """Return the hints that the tutor has for who is at work; none for a copy that is not built, or done with."""
    instance = find_released(visit.yard.programme, seat.instance)
    if instance is None or seat.state != "in hand":
        return []
    return advice_for(visit.yard, seat.learner, seat.drill, instance)


def _hints(visit: Visit, name: str) -> tuple[Hint, ...]:
    try:
        return visit.yard.programme.truth(name).hints
    except BadInput:  # not built yet
        return ()
