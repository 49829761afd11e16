"""Uploads are checked beside the other pages, never before them, and only a grade uses up an attempt."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import anyio.to_thread
import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, HERE, SUBMISSION, EchoingModel, grade_of, kept, until
from yard.visitor import Visitor

from drillyard.errors import BadInput, GradingFailed
from drillyard.programs.folder import ProgramFolder
from drillyard.records import AnySubmission, Grade, Instance, read_any
from drillyard.yard.app import make_app

FILE = ("mine.json", SUBMISSION.to_json().encode(), "application/json")
Checker = Callable[[Instance, bytes], AnySubmission]


def running(
    programme: ProgramFolder, checker: Checker, grader: Callable[[AnySubmission], Grade] = grade_of
) -> TestClient:
    """Return a yard with a checker of one's own."""
    return TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grader, checker=checker))


def test_checks_that_take_long_hold_up_no_other_page(programme: ProgramFolder) -> None:
    """Two checks stand still, a third waits, and all other pages share one single thread: they answer at once."""
    begun, go = threading.Semaphore(0), threading.Event()

    def checker(_instance: Instance, data: bytes) -> AnySubmission:
        begun.release()
        assert go.wait(30)
        return read_any(data)

    async def leave_one_thread() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1

    with running(programme, checker) as client:
        assert client.portal is not None
        client.portal.call(leave_one_thread)
        ann, again, bob = (Visitor(client_of(client)).sign_in(one.code) for one in (ANN, ANN, BOB))
        told: dict[str, int] = {}
        first = [threading.Thread(target=hand_in, args=(ann, HERE, told, "ann"))]
        first.append(threading.Thread(target=hand_in, args=(bob, "/drills/hunt-2", told, "bob")))
        for one in first:
            one.start()
        assert begun.acquire(timeout=60) and begun.acquire(timeout=60), "two checks run"
        later = threading.Thread(target=hand_in, args=(again, HERE, told, "again"))
        later.start()
        assert "Sign in" in Visitor(client_of(client)).get("/sign-in")
        assert told == {} and not go.is_set(), "answered while both checks stood still"
        go.set()
        for one in (*first, later):
            one.join(60)
        assert told["ann"] == told["bob"] == 200 and told["again"] in (200, 409)


def client_of(client: TestClient) -> TestClient:
    """Return another browser at the same running yard."""
    other = TestClient(client.app)
    other.portal = client.portal
    return other


def hand_in(who: Visitor, here: str, told: dict[str, int], name: str) -> None:
    """Send the file from a drill's page and keep the status."""
    token = re.search(r'name="csrf" value="(\w+)"', who.get(here))
    assert token
    data = SUBMISSION.model_copy(update={"instance": here.rpartition("/")[2]}).to_json().encode()
    answer = who.client.post(f"{here}/upload", data={"csrf": token[1]}, files={"file": ("mine.json", data)})
    told[name] = answer.status_code


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (BadInput("found a pattern that never ends, expected another"), 422, "a pattern that never ends"),
        (GradingFailed("the check ended with code -9: no message"), 503, "a fault of the yard, not of your work"),
    ],
)
def test_a_check_that_fails_changes_nothing(programme: ProgramFolder, error: Exception, status: int, line: str) -> None:
    """What the learner can put right is told at the field, what they cannot is said to be ours; the drill goes on."""
    faults = [error]

    def checker(_instance: Instance, data: bytes) -> AnySubmission:
        if faults:
            raise faults.pop()
        return read_any(data)

    with running(programme, checker) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get(HERE)
        assert line in ann.send(f"{HERE}/upload", expect=status, files={"file": FILE})
        assert kept(programme) == []
        ann.upload(HERE, FILE)
        assert kept(programme) == [SUBMISSION]


def test_a_grading_that_failed_leaves_the_attempt_open(programme: ProgramFolder) -> None:
    """The drill, its hints and its claims are there again; what is handed in anew takes the old work's place."""
    lines = ["grading took longer than 30 s; hand in less"]

    def grader(one: AnySubmission) -> Grade:
        if lines:
            raise GradingFailed(lines.pop())
        return grade_of(one)

    better = SUBMISSION.model_copy(update={"claims": SUBMISSION.claims * 2})
    with running(programme, lambda _instance, data: read_any(data), grader) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get(HERE)
        ann.upload(HERE, FILE)
        until(lambda: "Grading did not end" in ann.get(f"{HERE}/result"))
        assert "does not use up your attempt" in ann.page and f'href="{HERE}"' in ann.page
        assert "Hand in" in ann.get(HERE), "the drill itself, not its result"
        ann.send(f"{HERE}/hints", place="0")
        ann.upload(HERE, ("b.json", better.to_json().encode(), "application/json"))
        until(lambda: "Planted and claimed" in ann.get(f"{HERE}/result"))
        assert kept(programme) == [better], "one row, with the newer work"
        assert "Planted and claimed" in ann.get(HERE), "graded: now it is over"
