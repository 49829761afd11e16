"""Pretest and posttest: planned around all else, one form each by lot, silent until both are done, told as a gain."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, EchoingModel, grade_of
from yard.visitor import Visitor, fields_of

from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.forms import TESTS, assign_forms, check_parallel, other_first
from drillyard.planning.lessons import Lesson, load_lesson
from drillyard.planning.plan import make_plan
from drillyard.planning.questions import AnyQuestion
from drillyard.programs.examples import default_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Activity, Scheduled
from drillyard.registrar.attempts import answered
from drillyard.registrar.lessons import keep_answer
from drillyard.registrar.located import open_store
from drillyard.registrar.store import Store
from drillyard.yard.app import make_app

PLANNED = [
    (one, load_lesson(one.id)) for one in load_catalogue().activities if one.kind in TESTS or one.id == "watch-it-fail"
]
BEFORE, AFTER = load_lesson("check-in"), load_lesson("check-out")


def test_everybody_is_asked_before_and_after() -> None:
    """In the programme for everyone: first the pretest, last the posttest, beside seven other kinds of activity."""
    plan = make_plan(load_brief(default_brief()))
    for role in plan.roles:
        steps = [step.activity.kind for step in role.activities]
        assert steps[0] == "pretest" and steps[-1] == "posttest" and not set(TESTS) & set(steps[1:-1])
        assert "tell-a-failure" in [aim.id for aim in role.objectives]
    assert len({step.activity.kind for role in plan.roles for step in role.activities}) >= 8


def test_each_form_comes_first_for_half_of_the_people() -> None:
    """By lot from the id; whatever comes first, the other comes then; no question twice, a lesson as it was."""
    swapped = 0
    for number in range(400):
        lessons = dict((one.id, lesson) for one, lesson in assign_forms(PLANNED, f"learner-{number}"))
        asked = [question.id for name in ("check-in", "check-out") for question in lessons[name].questions]
        assert len(set(asked)) == 12 and lessons["watch-it-fail"] == load_lesson("watch-it-fail")
        swapped += lessons["check-in"].questions == AFTER.questions
        assert (lessons["check-in"].questions == AFTER.questions) == other_first("check-in", f"learner-{number}")
    assert 160 < swapped < 240


def test_forms_that_are_not_parallel_are_refused() -> None:
    """Another kind at one place, one less, a name in both, no mark."""
    check_parallel(BEFORE, AFTER)
    for changed in (
        AFTER.model_copy(update={"questions": AFTER.questions[::-1]}),
        AFTER.model_copy(update={"questions": AFTER.questions[:-1]}),
        AFTER.model_copy(update={"questions": BEFORE.questions}),
        AFTER.model_copy(update={"needed": 0}),
    ):
        with pytest.raises(BadInput, match="same kinds|differ|needed"):
            check_parallel(BEFORE, changed)


@pytest.fixture
def ann(programme: ProgramFolder) -> Iterator[Visitor]:
    """A learner whose plan has a pretest, a lesson and a posttest."""
    _give(programme, [one for one, _ in PLANNED])
    with TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of)) as client:
        yield Visitor(client).sign_in(ANN.code)


def test_nothing_is_told_before_both_are_done(ann: Visitor) -> None:
    """All questions of the pretest, rightly or not, leave no key and no reason; after the posttest all are there."""
    lessons = {one.id: lesson for one, lesson in assign_forms(PLANNED, ANN.id)}
    first, last = lessons["check-in"], lessons["check-out"]
    for question in first.questions:
        ann.get("/lessons/check-in")
        page = unescape(ann.send("/lessons/check-in/answer", question=question.id, answer=_wrong(question)))
        assert not any(belief in page for belief in question.beliefs(_answer(question)))
    assert "Thank you, that is all" in page and "Right." not in page and "Not so." not in page
    assert "6 of 6 answered" in (plan := ann.get("/drills")) and "answered rightly" not in plan
    assert "No cards yet" in ann.get("/recall") and "not shown yet: What has changed" in ann.get("/progress")
    again = ann.get("/lessons/check-in")
    assert again.count("disabled") == 6
    for question in last.questions:
        ann.get("/lessons/check-out")
        page = ann.send("/lessons/check-out/answer", question=question.id, answer=fields_of(question, question.key))
    assert "Shown:" in page and "6 of 6" in page and page.count("Right.") == 6
    page = unescape(ann.get("/lessons/check-in"))
    assert "Not shown:" in page
    assert all(any(belief in page for belief in one.beliefs(_answer(one))) for one in first.questions)
    assert "What has changed: 6 of 6 right" in ann.get("/progress")


def test_a_planted_gain_is_found_and_an_easier_form_is_none(programme: ProgramFolder, tmp_path: Path) -> None:
    """60 people know a half before and three quarters after, on forms of which one is easier by a tenth."""
    _give(programme, [one for one, _ in PLANNED])
    rng, store = np.random.default_rng(7), open_store(programme)
    for number in range(60):
        learner = f"learner-{number}"
        for activity, lesson in assign_forms(PLANNED, learner):
            if activity.kind in TESTS:
                easier = 0.1 if lesson.questions == AFTER.questions else 0.0
                known = (0.5 if activity.kind == "pretest" else 0.75) + easier
                _sit(store, learner, lesson, [bool(x) for x in rng.random(6) < known])
    store.close()
    found = answered(programme.path)
    ((name, gained),) = found.gains
    assert name == "check-in" and gained.gain is not None and gained.form is not None
    assert gained.gain.low > 0 and gained.gain.low < 0.25 < gained.gain.high and gained.gain.n == 60
    assert len(found.scores) == 60 * 12 and {one.item for one in found.scores if "a-" in one.item} == {
        f"check-in: {one.id}" for one in BEFORE.questions
    }


def _give(programme: ProgramFolder, steps: list[Activity]) -> None:
    plan = programme.plan()
    activities = tuple(Scheduled(activity=one, start=place) for place, one in enumerate(steps))
    aims = tuple(one for one in load_catalogue().objectives if one.id == "tell-a-failure")
    skills = tuple(one for one in load_catalogue().competencies if one.id == "failure-literacy")
    changed = {"activities": activities, "objectives": aims, "competencies": skills}
    programme.write_plan(plan.model_copy(update={"roles": tuple(r.model_copy(update=changed) for r in plan.roles)}))


def _sit(store: Store, learner: str, lesson: Lesson, right: list[bool]) -> None:
    store.sign_in(learner, "engineer")
    for question, knows in zip(lesson.questions, right, strict=True):
        keep_answer(store, learner, lesson, question, question.key if knows else _answer(question))


def _wrong(question: AnyQuestion) -> list[str]:
    return fields_of(question, _answer(question))


def _answer(question: AnyQuestion) -> str:
    """Return a wrong answer behind which a belief is known."""
    slip = str(question.slips[0].value) if question.kind == "number" else ""
    tried = {"choice": ("0", "1"), "match": ("0 0 0 0",), "order": ("3 2 1 0",), "number": (slip,)}[question.kind]
    return next(one for one in tried if question.beliefs(one))
