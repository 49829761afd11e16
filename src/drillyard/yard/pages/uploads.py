"""Uploads: a file is checked, shown in plain words, and waits for its learner's word."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from drillyard.containment.gateway.policy import policy_of
from drillyard.errors import BadInput
from drillyard.exercises.contain_the_oracle.exam import POLICY
from drillyard.programs.folder import ProgramFolder
from drillyard.records import AnySubmission, PolicySubmission
from drillyard.yard.pages.checking import AT_A_TIME, Unchecked, check_file
from drillyard.yard.pages.desk import read_policy
from drillyard.yard.pages.drill import path_of, render_drill
from drillyard.yard.pages.paper import read_answers
from drillyard.yard.pages.submit import look_back_at
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["is_unchanged", "look_back", "receive", "upload"]


@page("learner", limiter=AT_A_TIME)
def upload(visit: Visit) -> Response:
    """Take a file, or what stands in the form, check it, and hold it for a look back. A refused one changes nothing."""
    one = visit.assignment()
    read = {"policy": lambda: read_policy(visit, one).encode(), "answers": lambda: read_answers(visit, one)}
    return receive(visit, one, read.get(one.drill.hands_in, lambda: visit.upload("file")))


def receive(visit: Visit, one: Assignment, sent: Callable[[], bytes]) -> Response:
    """Check a submission's file, wherever it comes from, and show what was read. For pages limited by `AT_A_TIME`."""
    if visit.yard.submissions.closed(visit.me().id, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    try:
        data = sent()
        submission = check_file(visit, lambda: _read(visit, one, data))
    except Unchecked as error:
        return render_drill(visit, one, status=error.status, upload_error=str(error))
    visit.yard.held.wait(submission.model_copy(update={"learner": visit.me().id}))
    return visit.go(f"{path_of(one)}/upload")


@page("learner")
def look_back(visit: Visit) -> Response:
    """Show what was read from the file that waits; where none does, the drill."""
    one = visit.assignment()
    me, name = visit.me().id, one.instance.id
    waiting = visit.yard.held.waiting(me, name)
    if waiting is None or visit.yard.submissions.closed(me, name):
        return visit.go(path_of(one))
    return look_back_at(visit, one, waiting)


def _read(visit: Visit, one: Assignment, data: bytes) -> AnySubmission:
    submission = visit.yard.check(one.instance, data)
    if is_unchanged(visit.yard.programme, submission):
        raise BadInput("This is the policy of today, unchanged: it is known to break its limits. Change it first.")
    return submission


def is_unchanged(programme: ProgramFolder, submission: AnySubmission) -> bool:
    """Say whether a policy is the one that the desk runs today, however it is written: that costs no attempt."""
    if not isinstance(submission, PolicySubmission):
        return False
    today = programme.target(programme.instance(submission.instance)) / POLICY
    return today.is_file() and policy_of(submission.policy) == policy_of(today.read_text(encoding="utf-8"))
