"""Policies: read from a YAML file of the user's, or drawn from a world, which knows what it forbids."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from pathlib import Path

from drillyard.organisms.asking import Asker
from drillyard.organisms.world import FAMILIES, World
from drillyard.records import ModelPolicy, Topic
from drillyard.records.yaml_file import read_yaml

__all__ = ["EXAMPLES", "policy_of", "read_policy"]

EXAMPLES = 24
"""Examples per sort of request that are drawn from a world."""


def read_policy(path: Path) -> ModelPolicy:
    """Read a policy from YAML; its fields are those of the record. Raises `BadInput` with the field that is wrong."""
    return ModelPolicy.from_data(read_yaml(path))


def policy_of(world: World, *, without: Collection[str] = (), seed: int = 1) -> ModelPolicy:
    """Return a world's policy in phrasings that training may see, never in those that are held out.

    Args:
        world: the scope.
        without: sorts of request to leave out, such as `harmful:ghost-mode`: those that an exam holds back.
        seed: of the examples.
    """
    asker, rng = Asker(world, typos=0.0, manners=0.1), random.Random(f"policy:{world.name}:{seed}")

    def topics(names: Iterable[str]) -> tuple[Topic, ...]:
        drawn = {name: sorted({asker.ask(name, rng).text for _ in range(EXAMPLES)}) for name in names}
        return tuple(Topic(name=name, examples=tuple(texts)) for name, texts in drawn.items())

    def families(kind: str) -> list[str]:
        return [name for name in (f"{kind}:{one}" for one in world.phrasings[FAMILIES[kind]]) if name not in without]

    return ModelPolicy(
        name=world.name,
        about=world.about,
        refusal=world.replies["refusal"],
        fallback=world.replies["fallback"],
        forbidden=topics(families("harmful")),
        allowed=topics([*families("lookalike"), *world.phrasings["intents"]]),
        outside=topics(["outside"]),
    )
