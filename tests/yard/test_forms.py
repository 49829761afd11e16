"""Pretest and posttest: planned around all else, one form each by lot, silent until both are done, told as a gain."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, Clock, EchoingModel, grade_of
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
from drillyard.registrar.lessons import ANSWERED, keep_answer
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


@pytest.mark.parametrize(
    ("place", "changed"),
    [
        (0, {"targets": tuple(AFTER.questions[0].rows[row].to for row in (1, 2, 3, 0))}),  # each row's as over there
        (1, {"options": tuple(AFTER.questions[1].options[at] for at in (1, 0, 2))}),
        (2, {"value": BEFORE.questions[2].value + 0.25}),
        (3, {"id": "b-order"}),
    ],
)
def test_forms_with_a_right_answer_in_common_are_refused(place: int, changed: dict[str, object]) -> None:
    """Per kind of question: the answer as it is typed, a number also where it is only near enough."""
    questions = list(AFTER.questions)
    questions[place] = questions[place].model_copy(update=changed)
    with pytest.raises(BadInput, match="expected answers that differ") as error:
        check_parallel(BEFORE, AFTER.model_copy(update={"questions": tuple(questions)}))
    assert "\n" not in str(error.value) and BEFORE.questions[place].id in str(error.value)


def test_no_list_of_answers_passes_both_forms() -> None:
    """Over everything that can be typed: none passes both, and what is right in one is worth nothing in the other."""
    worth = [_worth(one, other) for one, other in zip(BEFORE.questions, AFTER.questions, strict=True)]
    passed = [
        (sum(a for a, _ in given) >= BEFORE.needed, sum(b for _, b in given) >= AFTER.needed)
        for given in itertools.product(*worth)
    ]
    assert (True, False) in passed and (False, True) in passed and (True, True) not in passed
    for one, other in ((BEFORE, AFTER), (AFTER, BEFORE)):
        typed = [question.fields(question.key) for question in one.questions]
        assert sum(asked.earned(asked.read(held)) for asked, held in zip(other.questions, typed, strict=True)) == 0


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


def test_the_posttest_opens_once_the_pretest_is_done(ann: Visitor, programme: ProgramFolder) -> None:
    """Before, its page names what to take first, shows no question and keeps no answer, typed in whatever way."""
    lessons = {one.id: lesson for one, lesson in assign_forms(PLANNED, ANN.id)}
    title = next(one.title for one, _ in PLANNED if one.id == "check-in")
    question = lessons["check-out"].questions[1]
    for page in (
        ann.get("/lessons/check-out"),
        ann.send("/lessons/check-out/answer", 409, question=question.id, answer=question.key),
    ):
        assert "First take" in page and title in page and question.ask not in unescape(page) and "<form" in page
        assert 'action="/lessons/check-out/answer"' not in page
    assert "Opens when" in ann.get("/drills")
    store = open_store(programme)
    assert not store.events(ANSWERED)
    store.close()
    for asked in lessons["check-in"].questions:
        assert "First take" in ann.get("/lessons/check-out")
        ann.get("/lessons/check-in")
        ann.send("/lessons/check-in/answer", question=asked.id, answer=_wrong(asked))
    assert question.ask in unescape(ann.get("/lessons/check-out")) and "Opens when" not in ann.get("/drills")


def test_who_answered_in_another_order_is_left_out_and_counted(programme: ProgramFolder) -> None:
    """36 in order gain; 24 more, kept from before the order was, would turn it: the other way round, mixed, at once."""
    _give(programme, [one for one, _ in PLANNED])
    rng, clock = np.random.default_rng(3), Clock()
    store = open_store(programme, clock)
    for number in range(60):
        learner = f"learner-{number}"
        sat = [one for one in assign_forms(PLANNED, learner) if one[0].kind in TESTS]
        answers = [
            (lesson, question, bool(rng.random() < (0.2 if activity.kind == "pretest" else 0.8)))
            for activity, lesson in sat
            for question in lesson.questions
        ]
        if number >= 36:
            answers = {0: answers[::-1], 1: answers[1:7] + answers[:1] + answers[7:], 2: answers}[number % 3]
        store.sign_in(learner, "engineer")
        for lesson, question, knows in answers:
            clock.now += 0 if number >= 36 and number % 3 == 2 else 20
            keep_answer(store, learner, lesson, question, question.key if knows else _answer(question))
    store.close()
    ((_, gained),) = answered(programme.path).gains
    assert gained.left_out == 24 and gained.gain is not None and gained.gain.n == 36 and gained.gain.low > 0


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


def _worth(one: AnyQuestion, other: AnyQuestion) -> set[tuple[float, float]]:
    """Return what can be earned of both at once by typing the same into each, as shares of their points."""
    count = len(one.fields(one.key))
    held = [str(x) for q in (one, other) if q.kind == "number" for x in (q.value, *(slip.value for slip in q.slips))]
    typed = {
        "choice": itertools.product("012"),
        "match": itertools.product("0123", repeat=count),
        "order": itertools.permutations([str(place + 1) for place in range(count)]),
        "number": itertools.product(held),
    }[one.kind]
    return {(one.earned(one.read(x)) / one.points, other.earned(other.read(x)) / other.points) for x in typed}


def _wrong(question: AnyQuestion) -> list[str]:
    return fields_of(question, _answer(question))


def _answer(question: AnyQuestion) -> str:
    """Return a wrong answer behind which a belief is known."""
    slip = str(question.slips[0].value) if question.kind == "number" else ""
    tried = {"choice": ("0", "1"), "match": ("0 0 0 0",), "order": ("3 2 1 0",), "number": (slip,)}[question.kind]
    return next(one for one in tried if question.beliefs(one))
