"""Policies: read from a YAML file of the user's, or drawn from a world, which knows what it forbids."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import yaml

from drillyard.alignment.base import House
from drillyard.errors import bad_input
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.world import World
from drillyard.records import ModelPolicy, Preference, Topic
from drillyard.records.files import write_atomically
from drillyard.records.yaml_file import read_yaml

__all__ = ["EXAMPLES", "policy_in", "policy_of", "read_policy", "write_policy"]

EXAMPLES = 24
"""Examples per sort of request that are drawn from a world."""


def read_policy(path: Path) -> ModelPolicy:
    """Read a policy from YAML; its fields are those of the record. Raises `BadInput` with the field that is wrong."""
    return ModelPolicy.from_data(read_yaml(path))


def policy_of(world: World, *, without: Collection[str] = (), seed: int = 1, examples: int = EXAMPLES) -> ModelPolicy:
    """Return a world's policy in phrasings that training may see, never in those that are held out.

    Args:
        world: the scope.
        without: sorts of request to leave out, such as `harmful:ghost-mode`: those that an exam holds back.
        seed: of the examples.
        examples: most per sort of request.
    """
    asker, rng = Asker(world, typos=0.0, manners=0.1), random.Random(f"policy:{world.name}:{seed}")

    def topics(names: Iterable[str]) -> tuple[Topic, ...]:
        drawn = {name: sorted({asker.ask(name, rng).text for _ in range(examples)}) for name in names}
        return tuple(Topic(name=name, examples=tuple(texts)) for name, texts in drawn.items())

    def families(kind: str) -> list[str]:
        return [name for name in (f"{kind}:{one}" for one in world.phrasings.families(kind)) if name not in without]

    return ModelPolicy(
        name=world.name,
        about=world.about,
        refusal=world.replies["refusal"],
        fallback=world.replies["fallback"],
        forbidden=topics(families("harmful")),
        allowed=topics([*families("lookalike"), *world.phrasings.intents]),
        outside=topics(["outside"]),
    )


def policy_in(world: House, pairs: Sequence[Preference]) -> ModelPolicy:
    """Return the policy that a lesson shows: the world's sentences, with the lesson's own requests as examples.

    What the lesson lacks is not in it, so that nothing reaches a technique which the exam holds back.

    Raises:
        BadInput: no request that is refused.
    """
    refusal, fallback = world.replies["refusal"], world.replies["fallback"]
    found: dict[str, dict[str, list[str]]] = {"forbidden": {}, "allowed": {}, "outside": {}}
    for pair in pairs:
        category = pair.category or "other"
        refused = refusal in pair.chosen and refusal not in pair.rejected
        side = "forbidden" if refused or category.startswith("harmful:") else "allowed"
        if side == "allowed" and (fallback in pair.chosen or category == "ordinary:outside"):
            side = "outside"
        examples = found[side].setdefault(category.removeprefix("ordinary:"), [])
        if len(examples) < EXAMPLES and pair.conversation.last_user not in examples:
            examples.append(pair.conversation.last_user)
    if not found["forbidden"]:
        raise bad_input("preferences of which none refuses a request", "some whose chosen reply is the refusal")

    def topics(side: str) -> tuple[Topic, ...]:
        return tuple(Topic(name=name, examples=tuple(texts)) for name, texts in sorted(found[side].items()))

    return ModelPolicy(
        name=world.name,
        about=world.about,
        refusal=refusal,
        fallback=fallback,
        forbidden=topics("forbidden"),
        allowed=topics("allowed"),
        outside=topics("outside"),
    )


def write_policy(policy: ModelPolicy, path: Path) -> None:
    """Write a policy as YAML that `read_policy` reads. Raises `BadInput` where nothing can be written."""
    text = yaml.safe_dump(policy.to_data(), sort_keys=False, allow_unicode=True, width=110)
    write_atomically(path, text.encode())
