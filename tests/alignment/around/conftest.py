"""A lesson of the help desk and rails that were fitted to it, once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.alignment.around.rails import Rails
from drillyard.alignment.base import Lesson, Setting
from drillyard.alignment.exam import AlignExam, draw_exam, hold_back
from drillyard.alignment.lesson import clean_pairs, draw_pairs
from drillyard.organisms.worlds.world import World, load_world
from drillyard.targets.null import EchoTarget


@pytest.fixture(scope="session")
def world() -> World:
    """Return the scope."""
    return load_world("helpdesk")


@pytest.fixture(scope="session")
def exam(world: World) -> AlignExam:
    """Return an exam in held-out phrasings, with sorts of request that the lesson lacks."""
    return draw_exam(world, n=120, back=hold_back(world))


@pytest.fixture(scope="session")
def lesson(world: World, exam: AlignExam) -> Lesson:
    """Return preferences that ask nothing of the exam."""
    pairs, _ = clean_pairs(draw_pairs(world, n=900, without=hold_back(world)), exam.texts)
    return Lesson(world=world, preferences=tuple(pairs))


@pytest.fixture(scope="session")
def folder(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with fitted rails."""
    pytest.importorskip("nemoguardrails", reason="needs drillyard[rails]")
    place = tmp_path_factory.mktemp("rails")
    Rails().fit(EchoTarget(), lesson, Setting(strength=0.5, seed=1, folder=place))
    return place
