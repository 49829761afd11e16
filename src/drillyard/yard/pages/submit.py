"""Handing in: the claims in hand, or a JSON file; once, and after a look back."""

from __future__ import annotations

import logging

import anyio
from starlette.responses import Response

from drillyard.containment.gateway.policy import policy_of
from drillyard.errors import BadInput, GradingFailed
from drillyard.programs.drills.contain_the_oracle.exam import POLICY
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.submission import read_submission
from drillyard.records import AnySubmission, Claim, PolicySubmission, Submission
from drillyard.yard.pages.drill import path_of, view
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["LIMITER", "as_submitted", "confirm", "hand_in", "receive", "unchanged", "upload"]

LIMITER = anyio.CapacityLimiter(2)
"""Checks of uploads at a time; more wait in the order in which they came, without a thread."""
_BUSY = "Your last file is still being checked. Wait until that page comes, then hand in once."
_UNCHANGED = "This is the desk’s policy of today, unchanged: it is known to break its limits. Change it first."
_FAULT = "The check stopped at a fault of the yard, not of your work. Nothing was handed in: try once more."

_checking: set[str] = set()  # learners of whom a file is being checked
_log = logging.getLogger(__name__)


@page("learner")
def confirm(visit: Visit) -> Response:
    """Show what would be handed in, what it costs, and that it ends the attempt."""
    one = visit.assignment()
    if visit.yard.submissions.closed(visit.me().id, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    return _look_back(visit, one)


@page("learner")
def hand_in(visit: Visit) -> Response:
    """Hand in the claims in hand. Doing it twice is doing it once."""
    one = visit.assignment()
    me, name = visit.me().id, one.instance.id
    if not visit.yard.submissions.closed(me, name):
        claims = tuple(visit.yard.store.claims(me, name).values())
        if not claims:
            return _look_back(visit, one, 422)
        try:
            _keep(visit, as_submitted(me, one, claims))
        except BadInput as error:
            return _look_back(visit, one, 422, str(error))
    return visit.go(f"{path_of(one)}/result")


@page("learner", limiter=LIMITER)
def upload(visit: Visit) -> Response:
    """Hand in a file: artefacts, a policy, or claims in place of those in hand. One that is refused changes nothing.

    A check may take seconds, in a process of its own. Of one learner only one runs at a time.
    """
    return receive(visit, visit.assignment(), visit.upload("file"))


def receive(visit: Visit, one: Assignment, data: bytes) -> Response:
    """Check a submission's file, wherever it comes from, and hand it in. For pages that bring `LIMITER`."""
    me, name = visit.me().id, one.instance.id
    if not visit.yard.submissions.closed(me, name):
        if me in _checking:
            return view(visit, one, status=409, upload_error=_BUSY)
        _checking.add(me)
        try:
            submission = visit.yard.check(one.instance, data)
        except BadInput as error:
            return view(visit, one, status=422, upload_error=str(error))
        except GradingFailed:
            _log.exception("checking an upload for %s", name)
            return view(visit, one, status=503, upload_error=_FAULT)
        finally:
            _checking.discard(me)
        if unchanged(visit.yard.programme, submission):
            return view(visit, one, status=422, upload_error=_UNCHANGED)
        _keep(visit, submission.model_copy(update={"learner": me}))
    return visit.go(f"{path_of(one)}/result")


def unchanged(programme: ProgramFolder, submission: AnySubmission) -> bool:
    """Say whether a policy is the one that the desk runs today, however it is written: that costs no attempt."""
    if not isinstance(submission, PolicySubmission):
        return False
    today = programme.target(programme.instance(submission.instance)) / POLICY
    return today.is_file() and policy_of(submission.policy) == policy_of(today.read_text(encoding="utf-8"))


def as_submitted(learner: str, one: Assignment, claims: tuple[Claim, ...]) -> Submission:
    """Return claims as the submission that grading will read. Raises `BadInput` where the strict reader would."""
    submission = Submission(instance=one.instance.id, learner=learner, claims=claims)
    read_submission(submission.to_json().encode(), one.drill, one.instance)
    return submission


def _keep(visit: Visit, submission: AnySubmission) -> None:
    """Commit a submission and wake the queue."""
    visit.yard.submissions.hand_in(submission)
    visit.yard.drafts.drop(submission.learner, submission.instance)
    visit.yard.queue.wake()


def _look_back(visit: Visit, one: Assignment, status: int = 200, error: str = "") -> Response:
    store, me, name = visit.yard.store, visit.me().id, one.instance.id
    cost = sum(hint.cost for hint in store.hints(me, name))
    claims = store.claims(me, name)
    return visit.render("submit.html", status, one=one, here=path_of(one), claims=claims, cost=cost, error=error)
