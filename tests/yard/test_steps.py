"""How far a learner is: each step's state, what comes next, what waits for a facilitator, and the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, EchoingModel, grade_of
from yard.visitor import Visit, Visitor, fields_of

from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import load_lesson
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import appoint
from drillyard.records import Scheduled
from drillyard.yard.app import make_app

QUIZ, READING, SHEET = "failure-kinds-quiz", "read-the-policies", "harm-map"


@pytest.fixture
def visit(programme: ProgramFolder) -> Iterator[Visit]:
    """A yard in which Ann's plan has a quiz, a reading, and a sheet that she does with her facilitator."""
    plan, known = programme.plan(), {one.id: one for one in load_catalogue().activities}
    steps = tuple(Scheduled(activity=known[name], start=place) for place, name in enumerate((QUIZ, READING, SHEET)))
    roles = tuple(role.model_copy(update={"activities": steps}) for role in plan.roles)
    programme.write_plan(plan.model_copy(update={"roles": roles}))
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of)
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)


def test_a_plan_says_what_is_done_what_is_next_and_that_it_is_finished(programme: ProgramFolder, visit: Visit) -> None:
    """One step after another, by the link that the page gives; the last one is recorded by the facilitator."""
    ann, fay = visit(ANN.code), visit(appoint(programme, "facilitator", "Fay").code)
    page = ann.get("/drills")
    assert "0 of 3 steps done" in page and f'href="/lessons/{QUIZ}">Next: ' in page
    ann.get(f"/lessons/{QUIZ}")
    for question in load_lesson(QUIZ).questions:
        ann.send(f"/lessons/{QUIZ}/answer", question=question.id, answer=fields_of(question, question.key))
    page = ann.get("/drills")
    assert "1 of 3 steps done" in page and f'href="/reading#read-{READING}">Next: ' in page
    assert "answered rightly</span>" in page and "You have finished" not in page
    ann.get("/reading")
    assert "2 of 3 steps done" in ann.send(f"/reading/{READING}")
    assert "What is left is with your facilitator: " in ann.page and "Read it again" in ann.page
    fay.get(f"/live/led/{SHEET}")
    fay.send(f"/live/led/{SHEET}", **{f"outcome {ANN.id}": "shown", f"note {ANN.id}": "three harms, ranked"})
    page = ann.get("/drills")
    assert "You have finished your programme." in page and "All 3 steps" in page and "three harms, ranked" in page
    assert "You have finished your programme." in ann.get("/progress")


def test_only_a_reading_of_one_s_plan_can_be_said_to_be_read(programme: ProgramFolder, visit: Visit) -> None:
    """No other activity, and what a facilitator recorded before stays as it is."""
    ann, fay = visit(ANN.code), visit(appoint(programme, "facilitator", "Fay").code)
    ann.get("/reading")
    for name in (SHEET, QUIZ, "nothing"):
        ann.send(f"/reading/{name}", expect=404)
        ann.get("/reading")
    fay.get(f"/live/led/{READING}")
    fay.send(f"/live/led/{READING}", **{f"outcome {ANN.id}": "took-part", f"note {ANN.id}": "aloud"})
    ann.send(f"/reading/{READING}")
    assert "aloud" in ann.get("/drills")
