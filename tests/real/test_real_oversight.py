"""A model that nobody made for us as judge: its letters are read."""

from __future__ import annotations

from typing import Any

import pytest
from real.conftest import missing

from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.disputes.draw import draw_cases
from drillyard.oversight.protocols.prompts import parse_judgement, write_judgement
from drillyard.oversight.protocols.reading import ReadTarget
from drillyard.records import Conversation

pytestmark = [
    pytest.mark.real,
    pytest.mark.walk,
    pytest.mark.skipif(bool(missing()), reason=missing() or "it is here"),
]


def test_as_a_judge_it_gives_every_case_a_chance(parts: tuple[Any, Any]) -> None:
    """Between 0 and 1, the same one twice, from both orders of the answers."""
    from drillyard.targets.local_torch import LocalTarget

    letters = LocalTarget(*parts, "hf/smollm2", max_new_tokens=2, world="helpdesk")
    judge = ReadTarget(letters, lambda: letters)
    cases = draw_cases(load_world("helpdesk"), 4)
    talks = [Conversation.ask(write_judgement(case, (), case.source[:2])) for case in cases]
    replies = judge.generate(talks, [1] * 4)
    chances = [parse_judgement(reply.text) for reply in replies]
    assert all(chance is not None and 0 < chance < 1 for chance in chances) and len(set(chances)) > 1
    again = [parse_judgement(reply.text) for reply in judge.generate(talks[:2], [2, 2])]
    assert again == pytest.approx(chances[:2], abs=1e-3)  # other companions in a batch
    assert all(reply.prompt_tokens > 300 for reply in replies)
