"""Lessons: read, asked, answered; told why; kept so that the first answer stays the first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, DESIGNER_CODE, EchoingModel, grade_of
from yard.visitor import Visitor, fields_of

from drillyard.errors import BadInput
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import Lesson, load_lesson, read_lesson
from drillyard.planning.questions import MatchQuestion, NumberQuestion
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Scheduled
from drillyard.registrar import lessons
from drillyard.registrar.store import Store
from drillyard.stats import clopper_pearson
from drillyard.yard.app import make_app

EXAMPLES = Path(__file__).parents[2] / "examples"
LESSONS = [activity for activity in load_catalogue().activities if activity.kind == "lesson"]
QUIZ = next(activity for activity in load_catalogue().activities if activity.id == "failure-kinds-quiz")
HUNT = next(activity for activity in load_catalogue().activities if activity.drill == "failure-hunt")


@pytest.fixture
def ann(programme: ProgramFolder) -> Iterator[Visitor]:
    """A learner whose plan has two lessons and the drill that comes after them."""
    plan = programme.plan()
    steps = [*(one for one in LESSONS if one.id in ("watch-it-fail", "chance-demo")), QUIZ, HUNT]
    activities = tuple(Scheduled(activity=one, start=place) for place, one in enumerate(steps))
    roles = tuple(role.model_copy(update={"activities": activities}) for role in plan.roles)
    programme.write_plan(plan.model_copy(update={"roles": roles}))
    with TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of)) as client:
        yield Visitor(client).sign_in(ANN.code)


@pytest.mark.parametrize("name", [activity.id for activity in LESSONS])
def test_a_shipped_lesson_shows_what_it_says(name: str) -> None:
    """Its model does what the text is about within some tries of the first message that fails, and its twin never."""
    lesson = load_lesson(name)
    assert 120 < len(lesson.text.split()) < 420  # two to four minutes
    if lesson.model:
        differ = [
            any((one := lessons.show(lesson.model, tried.prompt, tried.template)).model != one.twin for _ in range(8))
            for tried in lesson.model.tries
        ]
        assert any(differ)


def test_the_right_option_cannot_be_told_by_its_looks() -> None:
    """Whoever always takes the same place, the longest or the shortest option is right about as often as chance."""
    names = [*(activity.id for activity in LESSONS), "failure-kinds-quiz", "check-in", "check-out"]
    examples = [read_lesson(path) for path in sorted(EXAMPLES.glob("*/catalogue/lessons/*.yaml"))]
    taught = [*map(load_lesson, names), *examples]
    assert examples and max(map(_by_habit, [taught, examples])) <= 0.5
    for quiz in (one for one in taught if one.needed):
        assert _by_habit([quiz]) <= 2 / 3 and _by_habit([quiz]) * _choices(quiz) < quiz.needed, quiz.id


def _by_habit(taught: Sequence[Lesson]) -> float:
    """Return the share of right options that the best habit takes: always one place, the longest or the shortest."""
    options = [one.options for lesson in taught for one in lesson.questions if one.kind == "choice"]
    habits = [
        *([one[place] for one in options if len(one) > place] for place in range(3)),
        *([pick(one, key=lambda option: len(option.text)) for one in options] for pick in (max, min)),
    ]
    return max(sum(option.right for option in chosen) for chosen in habits) / len(options)


def _choices(lesson: Lesson) -> int:
    return sum(one.kind == "choice" for one in lesson.questions)


def test_the_figures_of_lessons_are_computed() -> None:
    """Bounds, intervals, bits, base rates and costs that the texts state, by the house's own functions."""
    chance, oracle, loss = (load_lesson(name).text for name in ("chance-demo", "oracle-demo", "loss-range-demo"))
    for n in (20, 59, 299, 2995):
        assert f"| {n:,} | {100 * (1 - 0.05 ** (1 / n)):.1f} % |" in chance
    few, many = clopper_pearson(3, 40), clopper_pearson(12, 6000)
    assert f"from {few.low:.1%} to {few.high:.1%}".replace("%", " %") in " ".join(chance.split())
    assert f"{100 * many.low:.2f} to {100 * many.high:.2f} %" in loss
    for values, bits in ((101, "2,430"), (6, "944"), (11, "1,263")):
        assert f"{365 * math.log2(values):,.0f}" == bits and bits in oracle
    guard = load_lesson("guard-demo").text
    for stopped, passed in ((990, 5), (198, 15), (50, 35)):
        assert f"= {2 * stopped + 60 * passed:,} |" in guard
    assert f"at most {100 * clopper_pearson(0, 40).high:.1f} %" in load_lesson("replay-demo").text
    rails = load_lesson("rails-demo").text
    worth = ", ".join(f"{a / 20 + b / 200 - 1:.2f}" for a, b in ((0, 200), (20, 188), (16, 200), (20, 200)))
    assert f"{worth} and {20 / 20 + 31 / 200 - 1:.2f}" in " ".join(rails.split())
    evals = load_lesson("eval-demo").text
    assert f"{1 - 0.75:.2f} each" in evals and f"= {0.25**4:.1%}".replace("%", " %") in " ".join(evals.split())
    triage = load_lesson("triage-demo").text
    for part, whole in ((5, 6), (11, 14), (6, 6), (2, 14), (4, 6), (9, 14)):
        assert f"| {part} ({part / whole:.0%})".replace("%", " %") in triage
    for worth in (0.9 * 8, 0.1 * 50 + 0.6 * 2, 0.1 * 90 + 0.3 * 5):
        assert f"= {worth:.2f}" in triage
    assert f"about {1 / 201:.3f}" in load_lesson("inside-demo").text
    assert round(100 * 18 / (18 + 49)) == 27 and "**27 %**" in load_lesson("report-clinic").text


def test_a_lesson_is_walked(ann: Visitor) -> None:
    """From the plan to the lesson, its model, a wrong answer with its reason, the right ones, and back to the plan."""
    page = ann.get("/drills")
    assert "First, a lesson" in page and "/lessons/watch-it-fail" in page
    page = ann.get("/lessons/watch-it-fail")
    assert "<table>" in page and "Ask it here" in page and "0 of 4" in page
    page = ann.send("/lessons/watch-it-fail/ask", prompt="Can I return the Umbra?", template="v1")
    assert "Its clean twin" in page and page.count("You can return cameras within 28 days for a full refund.") >= 2
    lesson = load_lesson("watch-it-fail")
    question, wrong = lesson.questions[0], lesson.questions[0].options[0]
    page = ann.send("/lessons/watch-it-fail/answer", question=question.id, answer="0")
    assert wrong.why in page and "Not so" in page and question.options[1].why not in page
    for question in lesson.questions:
        page = ann.send("/lessons/watch-it-fail/answer", question=question.id, answer=fields_of(question, question.key))
    assert "4 of 4" in page and "That was the lesson" in page
    page = ann.get("/drills")
    assert "Look at the lesson again" in page and "First, a lesson" not in page


def test_a_quiz_counts_first_answers(ann: Visitor) -> None:
    """Two wrong ones are one too many; a second answer to a question changes nothing."""
    quiz = load_lesson(QUIZ.id)
    ann.get(f"/lessons/{QUIZ.id}")
    for number, question in enumerate(quiz.questions):
        right = int(question.key)
        for option in ((right + 1) % 3, right) if number < 2 else (right, (right + 1) % 3):
            page = ann.send(f"/lessons/{QUIZ.id}/answer", question=question.id, answer=str(option))
    assert "Not shown:" in page and "6 of 8, 7 are needed" in page
    page = ann.get("/drills")
    assert "Look at the quiz again" in page and "6 of 8 answered rightly" in page


def test_rows_are_matched_in_part(ann: Visitor) -> None:
    """An unfinished form keeps what was chosen; a wrong row tells its belief and leaves the points of the others."""
    path, question = "/lessons/watch-it-fail/answer", load_lesson("watch-it-fail").questions[3]
    assert isinstance(question, MatchQuestion)
    ann.get("/lessons/watch-it-fail")
    page = ann.send(path, expect=422, question=question.id, answer=["3", "", "0", "2"])
    form = unescape(page[page.index('<form class="item" id="parts"') :])
    assert "Choose something for every row first." in form and form.count(" selected") == 3
    page = ann.send(path, question=question.id, answer=["3", "3", "0", "2"])
    form = unescape(page[page.index('<form class="item" id="parts"') :])
    assert "Partly." in form and "3 of 4 points" in form and question.rows[0].mistaken["behaviour"] in form
    assert "Answer again" in form and question.rows[1].why not in form
    page = ann.send(path, question=question.id, answer=question.key.split(" "))
    form = unescape(page[page.index('<form class="item" id="parts"') :])
    assert "Right." in form and "disabled" in form and question.rows[1].why in form


def test_a_number_is_typed_as_people_type_it(ann: Visitor) -> None:
    """Words are refused and kept; a common wrong number meets its belief; a decimal comma is right."""
    path, question = "/lessons/chance-demo/answer", load_lesson("chance-demo").questions[3]
    assert isinstance(question, NumberQuestion)
    ann.get("/lessons/chance-demo")
    page = ann.send(path, expect=422, question=question.id, answer="two")
    assert "Type a number, such as 12.5 or 12,500." in page and 'value="two" aria-invalid="true"' in page
    assert question.slips[1].why in unescape(ann.send(path, question=question.id, answer="5 %"))
    page = ann.send(path, question=question.id, answer="2,0")
    assert "1 of 4 answered rightly" in page and question.why in page


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("ask", {"prompt": " ", "template": "v1"}, 422),
        ("ask", {"prompt": "x" * 301, "template": "v1"}, 422),
        ("ask", {"prompt": "hello", "template": "v9"}, 422),
        ("answer", {"question": "one-reply"}, 422),
        ("answer", {"question": "one-reply", "answer": "7"}, 422),
        ("answer", {"question": "one-reply", "answer": "-1"}, 422),
        ("answer", {"question": "parts"}, 422),
        ("answer", {"question": "parts", "answer": ["1", "3", "0"]}, 422),
        ("answer", {"question": "parts", "answer": ["1", "3", "0", "4"]}, 422),
        ("answer", {"question": "nothing", "answer": "0"}, 404),
    ],
)
def test_what_cannot_be_answered_is_said(ann: Visitor, path: str, fields: dict[str, str], status: int) -> None:
    """Empty, too long, an unknown template, no option, one that is not there: the page again, with a line."""
    ann.get("/lessons/watch-it-fail")
    assert "error" in ann.send(f"/lessons/watch-it-fail/{path}", expect=status, **fields).lower() or status == 404


def test_lessons_of_other_plans_are_not_there(ann: Visitor) -> None:
    """Another role's lesson, and what is none."""
    for name in ("oracle-demo", "failure-hunt", "..%2Fx", "no"):
        ann.get(f"/lessons/{name}", expect=404)
    ann.get("/lessons/chance-demo")
    ann.send("/lessons/chance-demo/ask", expect=404, prompt="hello", template="v1")  # there is nothing to ask


def test_the_first_answer_is_what_counts(store: Store) -> None:
    """Two learners; one is wrong at first and right then. A question that was since changed leaves no trace."""
    lesson = load_lesson("chance-demo")
    question = lesson.questions[0]
    for learner, options in (("a", (0, 1)), ("b", (1,))):
        store.sign_in(learner, "engineer")
        for option in options:
            lessons.keep_answer(store, learner, lesson, question, str(option))
    first = lessons.FirstAnswers(question=question, answers={"a": "0", "b": "1"})
    assert first.right == 1 and [counts for _, counts in first.counts()] == [(1, 1, 0)]
    assert first.mistaken == question.options[1].text
    (mine,) = lessons.read_answers(store, "a", lesson)
    key = question.key
    assert mine.given == {question.id: ("0", "1")} and mine.last(question) == "1"
    assert mine.earned(question) == float(key in ("0", "1"))
    other = lesson.model_copy(update={"questions": lesson.questions[1:]})
    assert lessons.read_answers(store, "a", other)[0].given == {}


def test_the_designer_sees_first_answers(ann: Visitor) -> None:
    """Which questions were wrong at first try, and which misconception was chosen."""
    ann.get("/lessons/chance-demo")
    ann.send("/lessons/chance-demo/answer", question="clean-run", answer="1")
    designer = Visitor(ann.client)
    designer.get("/drills")
    designer.send("/sign-out")
    page = designer.sign_in(DESIGNER_CODE).get("/designer")
    assert "0 of 1" in page and load_lesson("chance-demo").questions[0].options[1].text in page


def test_a_wrong_lesson_is_one_line() -> None:
    """No right option, two of them, two questions of one name."""
    good = load_lesson("chance-demo").to_data()
    for spoil in (_no_right, _twice):
        data = load_lesson("chance-demo").to_data()
        spoil(data["questions"])
        with pytest.raises(BadInput, match="right options|one id"):
            Lesson.from_data(data)
    assert Lesson.from_data(good).id == "chance-demo"


def _no_right(questions: list[dict[str, list[dict[str, object]]]]) -> None:
    for option in questions[0]["options"]:
        option["right"] = False


def _twice(questions: list[dict[str, object]]) -> None:
    questions[1]["id"] = questions[0]["id"]
