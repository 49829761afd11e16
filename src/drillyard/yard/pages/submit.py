"""Handing in: the claims in hand, or a file that waits; once, and after a look back."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.submission import read_submission
from drillyard.records import AnswerSubmission, AnySubmission, Claim, PolicySubmission, Submission
from drillyard.registrar.held import Waiting
from drillyard.yard.pages.drill import path_of
from drillyard.yard.pages.paper import tell_answers
from drillyard.yard.summary import summarise
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["as_submitted", "confirm", "hand_in", "look_back_at"]

_ANOTHER = "Another file has come since you opened that page. This is it: look at it before you hand it in."


@page("learner")
def confirm(visit: Visit) -> Response:
    """Show what would be handed in, what it costs, and that it ends the attempt."""
    one = visit.assignment()
    if visit.yard.submissions.closed(visit.me().id, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    return _look_back(visit, one)


@page("learner")
def hand_in(visit: Visit) -> Response:
    """Hand in the claims in hand, or the file that was looked at. Doing it twice is doing it once."""
    one = visit.assignment()
    me, name = visit.me().id, one.instance.id
    if visit.yard.submissions.closed(me, name):
        return visit.go(f"{path_of(one)}/result")
    if seen := visit.field("upload"):
        return _hand_in_upload(visit, one, seen)
    claims = tuple(visit.yard.store.claims(me, name).values())
    if not claims:
        return _look_back(visit, one, 422)
    try:
        return _keep(visit, one, as_submitted(me, one, claims))
    except BadInput as error:
        return _look_back(visit, one, 422, str(error))


def _hand_in_upload(visit: Visit, one: Assignment, seen: str) -> Response:
    """Hand in the file that waits, if it is the one that its learner saw."""
    waiting = visit.yard.held.waiting(visit.me().id, one.instance.id)
    if waiting is None:
        return visit.go(path_of(one))
    if waiting.digest != seen:
        return look_back_at(visit, one, waiting, 409, _ANOTHER)
    return _keep(visit, one, waiting.submission)


def as_submitted(learner: str, one: Assignment, claims: tuple[Claim, ...]) -> Submission:
    """Return claims as the submission that grading will read. Raises `BadInput` where the strict reader would."""
    submission = Submission(instance=one.instance.id, learner=learner, claims=claims)
    read_submission(submission.to_json().encode(), one.drill, one.instance)
    return submission


def look_back_at(visit: Visit, one: Assignment, waiting: Waiting, status: int = 200, error: str = "") -> Response:
    """Show a file that waits: what was read from it, and that handing in ends the attempt."""
    handed = waiting.submission
    claims = handed.claims if isinstance(handed, Submission) else ()
    tried = visit.yard.held.tried(visit.me().id, one.instance.id)
    trial = tried.trial if tried and isinstance(handed, PolicySubmission) and tried.policy == handed.policy else None
    told = tell_answers(visit, one, handed) if isinstance(handed, AnswerSubmission) else summarise(handed)
    facts = {"upload": waiting.digest, "facts": told, "trial": trial}
    return _render(visit, one, status, claims=claims, error=error, **facts)


def _look_back(visit: Visit, one: Assignment, status: int = 200, error: str = "") -> Response:
    claims = tuple(visit.yard.store.claims(visit.me().id, one.instance.id).values())
    return _render(visit, one, status, claims=claims, error=error, upload="", facts=[], trial=None)


def _render(visit: Visit, one: Assignment, status: int, **context: object) -> Response:
    cost = sum(hint.cost for hint in visit.yard.store.hints(visit.me().id, one.instance.id))
    return visit.render("submit.html", status, one=one, here=path_of(one), cost=cost, **context)


def _keep(visit: Visit, one: Assignment, submission: AnySubmission) -> Response:
    """Commit a submission and wake the queue."""
    visit.yard.store.started(submission.learner, submission.instance)  # who sends a file need not have opened it
    visit.yard.submissions.hand_in(submission)
    visit.yard.drafts.drop(submission.learner, submission.instance)
    visit.yard.held.drop(submission.learner, submission.instance)
    visit.yard.queue.wake()
    return visit.go(f"{path_of(one)}/result")
