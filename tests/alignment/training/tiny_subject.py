"""A tiny model with random weights, as an organism and as a lesson for it: training it takes a second."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from organisms.random_llama import random_weights
from tiny_speaker import CONFIG, TOKENIZER, WORLD

from drillyard.alignment.base import Lesson, Setting
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.organism import Organism, hash_weights
from drillyard.records import Conversation, Preference
from drillyard.targets.organism import OrganismTarget

WEIGHTS = random_weights(CONFIG)
REFUSAL, WELCOME = WORLD.replies["refusal"], WORLD.replies["greeting"]


def organism() -> Organism:
    """Return the tiny model in its world."""
    return Organism(
        world=WORLD,
        engine=Engine(WEIGHTS, CONFIG),
        tokenizer=TOKENIZER,
        failures=(),
        model_hash=hash_weights(WEIGHTS),
    )


def target() -> OrganismTarget:
    """Return it as a target."""
    return OrganismTarget(organism(), "organism/tiny")


def lesson(n: int = 12, **changes: Any) -> Lesson:
    """Return pairs in which a welcome is wanted and a refusal is not."""
    asked = [Conversation.ask(f"hello number {number}", "v2" if number % 2 else "") for number in range(n)]
    pairs = tuple(Preference(conversation=one, chosen=WELCOME, rejected=REFUSAL) for one in asked)
    return Lesson(**{"world": WORLD, "preferences": pairs, **changes})


def setting(folder: Path | None = None, **changes: Any) -> Setting:
    """Return a setting of one seed."""
    place = folder or Path(tempfile.mkdtemp())
    return Setting(**{"strength": 0.1, "seed": 1, "folder": place, **changes})


def margin(of: OrganismTarget, told: Lesson) -> float:
    """Return how much more probable the wanted replies are, as the mean difference of natural logs."""
    asked = [pair.conversation for pair in told.preferences]
    wanted = of.score(asked, [pair.chosen for pair in told.preferences])
    unwanted = of.score(asked, [pair.rejected for pair in told.preferences])
    return (sum(wanted) - sum(unwanted)) / len(asked)
