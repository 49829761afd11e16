"""Questions: what is typed becomes an answer, an answer points, and a wrong one the belief that leads to it."""

from __future__ import annotations

import itertools
from statistics import fmean

import pytest

from drillyard.errors import BadInput
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import Lesson, find_lesson, load_lesson
from drillyard.planning.questions import AnyQuestion, MatchQuestion, NumberQuestion, OrderQuestion
from drillyard.records import Activity

LESSONS = [one for one in load_catalogue().activities if one.kind in ("lesson", "quiz")]
ORDER = OrderQuestion.from_data(
    {
        "id": "first-hour",
        "kind": "order",
        "ask": "In which order?",
        "steps": [{"text": "stop"}, {"text": "count", "early": "Count later."}, {"text": "note"}, {"text": "why"}],
        "because": "Stop it first.",
    }
)
MATCH = MatchQuestion.from_data(
    {
        "id": "piles",
        "kind": "match",
        "ask": "Which pile?",
        "targets": ["later", "now", "never"],
        "rows": [
            {"text": "a code", "to": "now", "why": "It is out.", "mistaken": {"later": "It goes on."}},
            {"text": "a colour", "to": "later", "why": "It waits."},
        ],
    }
)
NUMBER = NumberQuestion.from_data(
    {
        "id": "year",
        "kind": "number",
        "ask": "How much?",
        "value": 22500,
        "within": 50,
        "unit": "euros",
        "because": "450 times 50.",
        "slips": [{"value": 450, "why": "These are promises.", "half": True}, {"value": 300, "why": "The test alone."}],
    }
)


def shipped() -> list[AnyQuestion]:
    """Return every question that ships."""
    lessons = [load_lesson(one.id) for one in LESSONS if one.id != "duty-quiz"]
    return [question for lesson in lessons for question in lesson.questions]


def test_an_order_earns_a_point_per_step_behind_its_own() -> None:
    """Over all orders: counted otherwise, the same; guessing gives one point in four; only the right one gives all."""
    given = {}
    for steps in itertools.permutations(range(4)):
        words = "".join(map(str, steps))
        given[" ".join(words)] = sum(pair in words for pair in ("01", "12", "23"))
    assert {answer: ORDER.earned(answer) for answer in given} == given
    assert fmean(given.values()) == ORDER.points / 4 and [a for a, n in given.items() if n == 3] == [ORDER.key]
    assert ORDER.beliefs("1 0 2 3") == ("Count later.",) and ORDER.beliefs("0 3 1 2") == ()
    assert [ORDER.sort(one)[0].given for one in ("0 1 2 3", "1 0 2 3", "0 3 1 2")] == [0, 1, 2]


def test_an_order_is_read_from_the_places_of_the_steps_shown() -> None:
    """Whoever gives each step shown its right place is right, in whatever order the steps are shown."""
    assert ORDER.read([str(step + 1) for step in ORDER.shown]) == ORDER.key
    assert sorted(ORDER.shown) == [0, 1, 2, 3] and ORDER.shown == ORDER.model_copy().shown


def test_a_match_earns_a_point_per_row() -> None:
    """Each wrong row tells the belief that is known of it, or why it belongs elsewhere."""
    assert [MATCH.earned(one) for one in ("1 0", "1 1", "0 2")] == [2, 1, 0]
    assert MATCH.beliefs("0 2") == ("“a code”: It goes on.", "“a colour”: It waits.")
    parts = MATCH.sort("0 0")
    assert [(one.part, one.right, one.given) for one in parts] == [("a code", 1, 0), ("a colour", 0, 0)]


def test_a_number_is_right_within_its_tolerance() -> None:
    """At the edge and past it; a slip is known by its number, and one of them earns half."""
    typed = ("22,500", "22550", "22 551 euros", "450", "310", "7")
    answers = [NUMBER.read([text]) for text in typed]
    assert [NUMBER.earned(one) for one in answers] == [2, 2, 0, 1, 0, 0] and NUMBER.points == 2
    assert [NUMBER.beliefs(one) for one in answers[3:]] == [("These are promises.",), ("The test alone.",), ()]
    assert [NUMBER.sort(one)[0].given for one in answers] == [0, 0, 3, 1, 2, 3]


@pytest.mark.parametrize(
    ("question", "typed", "says"),
    [
        (ORDER, ["1", "2", "3"], "place from 1 to 4"),
        (ORDER, ["1", "2", "3", ""], "place from 1 to 4"),
        (ORDER, ["1", "2", "3", "5"], "place from 1 to 4"),
        (ORDER, ["1", "2", "2", "4"], "Place 2 is given to two steps"),
        (MATCH, ["1"], "every row"),
        (MATCH, ["1", "3"], "every row"),
        (MATCH, ["1", "²"], "every row"),
        (NUMBER, [""], "Type a number"),
        (NUMBER, ["nan"], "Type a number"),
        (NUMBER, ["many"], "Type a number"),
        (NUMBER, ["1", "2"], "Type a number"),
        (NUMBER, ["1,000,0"], "such as 12.5 or 12,500"),
        (NUMBER, ["1_0"], "such as 12.5 or 12,500"),
    ],
)
def test_what_is_no_answer_says_what_to_change(question: AnyQuestion, typed: list[str], says: str) -> None:
    """One sentence, which the page shows at the field."""
    with pytest.raises(BadInput, match=says):
        question.read(typed)


def test_a_kept_answer_of_another_question_is_known_as_such() -> None:
    """A question that was changed since leaves answers that are none any more."""
    assert not ORDER.knows("0 1 2") and not ORDER.knows("0 1 2 2") and ORDER.knows("3 2 1 0")
    assert not MATCH.knows("0 3") and not MATCH.knows("0  1") and not NUMBER.knows("inf") and not NUMBER.knows("x")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"kind": "essay"}, "a question of kind choice, order, match or number"),
        ({"slips": [{"value": 22580, "why": "near"}]}, "more than twice 'within' apart"),
        ({"slips": []}, "at least 1 item"),
        ({"kind": "order", "steps": [{"text": "a", "early": "x"}, {"text": "b"}, {"text": "c"}]}, "expected 'early'"),
        ({"kind": "match", "targets": ["a", "b"], "rows": [{"text": "x", "to": "c", "why": "y"}] * 2}, "found 'c'"),
    ],
)
def test_a_wrong_question_is_one_line(spoil: dict[str, object], says: str) -> None:
    """Found, expected, at which place."""
    data = load_lesson("chance-demo").to_data()
    keep = NUMBER.to_data() if "kind" not in spoil else {"id": "q", "ask": "?", "because": "so"}
    question = {name: held for name, held in {**keep, **spoil}.items() if name not in ("record", "version")}
    if spoil.get("kind") == "match":
        del question["because"]
    with pytest.raises(BadInput, match=says) as error:
        Lesson.from_data({**data, "questions": [*data["questions"], question]})
    assert "\n" not in str(error.value)


def test_shipped_questions_give_their_keys_full_points_and_name_beliefs() -> None:
    """At least three lessons use the kinds beside choice; no key can be told from how a question is shown."""
    for question in shipped():
        assert question.earned(question.key) == question.points and not question.beliefs(question.key)
        assert all(part.given == part.right for part in question.sort(question.key)) and question.words(question.key)
        if isinstance(question, OrderQuestion):
            assert all(then != first + 1 for first, then in itertools.pairwise(question.shown))
        if isinstance(question, MatchQuestion):
            assert question.key.split(" ") != [str(row) for row in range(len(question.rows))]
    others = {one.id for one in LESSONS if one.id != "duty-quiz"}
    using = {name for name in others if any(one.kind != "choice" for one in load_lesson(name).questions)}
    assert len(using) >= 3 and {one.kind for one in shipped()} == {"choice", "order", "match", "number"}


def test_shipped_numbers_are_worked_out() -> None:
    """Keys and slips of the numbers that lessons ask for, computed here from what the questions say."""
    asked = {one.id: one for one in shipped() if isinstance(one, NumberQuestion)}
    right = {
        "bound": 100 * (1 - 0.05 ** (1 / 149)),
        "alarms": 100 * 0.05 * 0.8 / (0.05 * 0.8 + 0.95 * 0.04),
        "year": 300_000 * 6 / 4_000 * 50,
        "day": 300 * 2 + 10 * 60,
    }
    assert asked.keys() == right.keys()
    assert all(asked[name].earned(str(value)) == asked[name].points for name, value in right.items())
    slips = {
        "bound": (0, 5, 100 / 149),
        "alarms": (80, 100 * 0.8 / 0.84, 100 * 0.05 * 0.8 / (0.05 * 0.8 + 0.04)),
        "year": (300_000 * 6 / 4_000, 6 * 50, 300_000 * 0.15 * 50),
        "day": (10 * 60, 300 * 60 + 10 * 2, 300 * 2 + 10 * 2),
    }
    for name, values in slips.items():
        assert [asked[name].beliefs(str(value)) for value in values] == [(one.why,) for one in asked[name].slips]


def test_a_designers_lesson_may_ask_for_an_order(tmp_path) -> None:
    """From a file beside the brief, found by the activity's name."""
    lesson = Lesson(id="own", text="Read.", questions=(ORDER, NUMBER))
    place = tmp_path / "catalogue" / "lessons"
    place.mkdir(parents=True)
    (place / "own.yaml").write_text(lesson.to_json())
    activity = Activity(id="own", title="Own", kind="lesson", minutes=5, objectives=("x",))
    assert find_lesson(activity, tmp_path) == lesson
