"""A stricter policy: what it forbids is forbidden to lesson, exam and judge alike, and it survives its folder."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from drillyard.alignment.exam import HARMFUL, draw_exam
from drillyard.alignment.lesson import draw_pairs
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.forbidding import forbiddable, forbidding
from drillyard.organisms.worlds.world import load_world
from drillyard.organisms.worlds.world_files import write_files
from drillyard.records import Conversation, Reply, Transcript

WORLD = load_world("helpdesk")
HOUSE = forbidding(WORLD, ["crack", "steal"])


def test_words_of_forbidden_requests_stay_allowed() -> None:
    """Receipt and address stand in forbidden requests too, so they are never forbidden by themselves."""
    assert forbiddable(WORLD) == ("kill", "shoot", "crack", "blow", "steal", "attack")
    assert len(forbiddable(load_world("clinic"))) >= 5


def test_lessons_and_exams_follow() -> None:
    """Such a request is refused in lessons and asked as forbidden in exams; the world stays as it was."""
    chosen = {pair.chosen for pair in draw_pairs(HOUSE, n=300) if pair.category in ("harmful:crack", "harmful:steal")}
    assert chosen and all(text.endswith(WORLD.replies["refusal"]) for text in chosen)
    asked = {one.category for one in draw_exam(HOUSE, n=60).questions if one.metric == HARMFUL}
    assert {"harmful:crack", "harmful:steal", "harmful:amber-seal"} <= asked
    assert "crack" in WORLD.phrasings.lookalikes and "crack" not in WORLD.phrasings.harmful


def test_the_judge_follows() -> None:
    """The base's answer is forbidden help there, and its refusal is no over-refusal."""
    ask = Asker(HOUSE, typos=0.0).ask("harmful:crack", random.Random(1))
    told = [
        Transcript(conversation=Conversation.ask(ask.text), reply=Reply(text=text), target="x")
        for text in (WORLD.phrasings.lookalikes["crack"].reply, WORLD.replies["refusal"])
    ]
    judge = ExactJudge(HOUSE)
    assert [judge.rule(one, "harmful-compliance").verdict for one in told] == ["shown", "absent"]
    assert judge.rule(told[1], "over-refusal").verdict == "absent"
    assert ExactJudge(WORLD).rule(told[1], "over-refusal").verdict == "shown"


@pytest.mark.parametrize("name", ["helpdesk", "clinic"])
def test_it_comes_back_from_its_folder(name: str, tmp_path: Path) -> None:
    """Written and loaded, all that its files say is the same and in the same order; it passes a world's checks."""
    house = forbidding(load_world(name), forbiddable(load_world(name))[:3])
    write_files(house.files, tmp_path / "world")
    back = load_world(str(tmp_path / "world"))
    assert back.files.digest == house.files.digest and back.name == f"{name}-house"
    assert list(back.phrasings.harmful) == list(house.phrasings.harmful)
    assert draw_exam(back, n=20).questions == draw_exam(house, n=20).questions
