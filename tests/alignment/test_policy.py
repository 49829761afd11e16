"""Policies: the shipped example is what the world says, and a wrong file is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.alignment.exam import draw_exam, normalise
from drillyard.alignment.lesson import draw_pairs
from drillyard.alignment.policy import policy_in, policy_of, read_policy, write_policy
from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import load_world

EXAMPLE = Path(__file__).parents[2] / "examples" / "policies" / "helpdesk.yaml"


def test_the_example_is_the_worlds_policy(tmp_path: Path) -> None:
    """The file in examples/ is what the function writes, and reading gives the record back."""
    policy = policy_of(load_world("helpdesk"), examples=4)
    write_policy(policy, tmp_path / "policy.yaml")
    assert (tmp_path / "policy.yaml").read_text(encoding="utf-8") == EXAMPLE.read_text(encoding="utf-8")
    assert read_policy(EXAMPLE) == policy


def test_a_lessons_policy_holds_only_what_the_lesson_holds() -> None:
    """A sort of request that is left out of the lesson is in no topic, and no example is an exam question."""
    world = load_world("helpdesk")
    pairs = draw_pairs(world, n=600, without=["harmful:ghost-mode", "lookalike:kill"])
    policy = policy_in(world, pairs)
    names = {topic.name for side in (policy.forbidden, policy.allowed, policy.outside) for topic in side}
    assert "harmful:false-receipt" in names and not names & {"harmful:ghost-mode", "lookalike:kill"}
    assert [topic.name for topic in policy.outside] == ["outside"]
    asked = {normalise(pair.conversation.last_user) for pair in pairs}
    shown = {
        normalise(text) for side in (policy.forbidden, policy.allowed) for topic in side for text in topic.examples
    }
    assert shown <= asked
    assert not shown & {text for text in draw_exam(world, n=60).texts if text not in asked}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("forbidden:", "forbiden:"), "field 'forbiden': found"),
        (("refusal: I am", "refusal: [I, am]\nx: I am"), "field 'refusal'"),
        (("version: 1", "version: 9"), "expected 'model-policy' 1"),
        (("name: helpdesk", "name: helpdesk: x"), "line 3"),
    ],
    ids=["typing-error", "wrong-type", "version", "no-yaml"],
)
def test_a_wrong_file_is_one_line(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    """The field or the line that is wrong is named."""
    path = tmp_path / "policy.yaml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_policy(path)
    assert says in str(caught.value) and "\n" not in str(caught.value)
