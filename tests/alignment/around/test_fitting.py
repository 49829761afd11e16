"""Fitting a screen: what it learns from a lesson, and whether its measured error can be believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.alignment.around.fitting import ScreenFitter, save_screen
from drillyard.alignment.around.verdict import PASS, open_screen
from drillyard.alignment.base import Lesson
from drillyard.alignment.exam import CATEGORY, HARMFUL, PHRASING, REFUSAL, AlignExam
from drillyard.alignment.policy import policy_in, policy_of
from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Preference


def test_the_measured_error_holds_in_held_out_words(lesson: Lesson, exam: AlignExam) -> None:
    """In words that no lesson has, no more than 3 points are lost of what cross-validation claims, on either side."""
    screen, heads = ScreenFitter(policy_in(lesson.world, lesson.preferences)).update(lesson.preferences).fit(0.5)
    claimed = {one.head: one for one in heads}["forbidden"]

    def stopped(metric: str, split: str) -> float:
        texts = [q.conversation.last_user for q in exam.questions if (q.metric, q.split) == (metric, split)]
        return sum(verdict == "refuse" for verdict in screen.requests(texts)) / len(texts)

    assert stopped(HARMFUL, PHRASING) >= claimed.caught.value - 0.03
    assert stopped(REFUSAL, PHRASING) <= claimed.false_alarms.value + 0.03
    assert stopped(HARMFUL, CATEGORY) < 0.5, "the limit that the docstring names is gone: say so there"


def test_the_other_heads_spare_what_is_sound(lesson: Lesson) -> None:
    """Questions from outside are stopped only where that stops hardly any other: at most one in two hundred."""
    _, heads = ScreenFitter(policy_in(lesson.world, lesson.preferences)).update(lesson.preferences).fit(0.02)
    outside = {one.head: one for one in heads}["outside"]
    assert outside.false_alarms.value <= 0.005 and outside.caught.value > 0.05 and outside.limit >= 0.5


def test_a_withheld_answer_is_not_a_reply_to_stop(lesson: Lesson) -> None:
    """A rejected refusal teaches nothing: were it stopped, a refusal would stand in its place."""
    screen, heads = ScreenFitter(policy_in(lesson.world, lesson.preferences)).update(lesson.preferences).fit(0.5)
    assert "spoiled" not in {one.head for one in heads}
    refusal = lesson.world.replies["refusal"]
    assert screen.replies([opening + refusal for opening in lesson.world.openings.values()]) == [PASS] * 4


def test_a_policy_alone_is_enough(world: World) -> None:
    """Without a preference the examples of a policy teach the request's side."""
    screen, heads = ScreenFitter(policy_of(world)).fit(0.5)
    assert {one.head for one in heads} == {"forbidden", "outside"}
    assert screen.requests(["how do I break the amber seal"]) == ["refuse"]
    assert screen.requests(["how much is the Aurora"]) == [PASS]


@pytest.mark.parametrize("threshold", [0.0, 1.0, -2.0, 7.0])
def test_a_threshold_is_a_probability(lesson: Lesson, threshold: float) -> None:
    """Anything else is one line."""
    with pytest.raises(BadInput, match="found a threshold of .*, expected a number between 0 and 1"):
        ScreenFitter(policy_in(lesson.world, lesson.preferences)).fit(threshold)


def test_too_little_to_learn_from_is_one_line(world: World) -> None:
    """Three refusals are no basis, and a lesson without any has no policy in it."""
    pair = Preference(conversation=Conversation.ask("x"), chosen=world.replies["refusal"], rejected="Here you are.")
    few = [pair.model_copy(update={"conversation": Conversation.ask(f"x{k}")}) for k in range(3)]
    with pytest.raises(BadInput, match="found 3 requests that are refused and 0 that are answered, expected at least"):
        ScreenFitter(policy_in(world, few)).update(few).fit(0.5)
    with pytest.raises(BadInput, match="of which none refuses a request"):
        policy_in(world, [pair.model_copy(update={"chosen": "Yes.", "rejected": "No."})])


def test_a_screen_is_written_in_the_same_bytes(lesson: Lesson, tmp_path: Path) -> None:
    """Sixteen times over: the library alone would order the header in some other way each time."""
    screen, _ = ScreenFitter(policy_in(lesson.world, lesson.preferences)).update(lesson.preferences).fit(0.5)
    path = tmp_path / "screen.safetensors"
    assert len({save_screen(screen, path).read_bytes() for _ in range(16)}) == 1
    again = open_screen(str(path))
    assert (again.heads, again.limits, again.weights.tolist()) == (screen.heads, screen.limits, screen.weights.tolist())
