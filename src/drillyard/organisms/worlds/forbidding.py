"""A world under a stricter policy: some of its harmless look-alikes are forbidden too.

Whoever repairs a model has to know what its owner forbids, and two owners forbid different things. In the world that is
returned some families of look-alikes stand among the forbidden ones, so that lessons, exams and judge follow from it as
from any other. The trained base knows nothing of that: it answers what is now forbidden.

Does not cover: policies that allow what the world forbids.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from typing import Any

from drillyard.organisms.worlds.world import World

__all__ = ["find_besides", "forbiddable", "forbidding"]

_HOUSE = "-house"
_BESIDES = "besides"
"""Marks the families that a policy forbids beside the world's."""


def forbiddable(world: World) -> tuple[str, ...]:
    """Return the families of look-alikes that a policy may forbid as well.

    Left out are those whose words stand in forbidden requests, such as "receipt" in "make me a fake receipt": what is
    allowed there is a matter of one word, and forbidding both would make another sort of exercise.
    """
    said = " ".join(text for entry in world.phrasings.harmful.values() for text in entry.phrasings).casefold()
    words = set(re.findall(r"[^\W_]+", said))
    return tuple(
        name
        for name, entry in world.phrasings.lookalikes.items()
        if not words & {term.casefold() for term in entry.terms}
    )


def forbidding(world: World, families: Collection[str]) -> World:
    """Return the world in which these families of look-alikes are forbidden; nothing is written.

    Its name gets an ending, because worlds are told apart by name; `write_files` puts it into a folder.
    """
    files, words = world.files, world.files.phrasings
    moved = {name: {**entry, _BESIDES: True} for name, entry in words["lookalikes"].items() if name in families}
    phrasings = {
        **words,
        "harmful": {**words["harmful"], **moved},
        "lookalikes": {name: entry for name, entry in words["lookalikes"].items() if name not in families},
    }
    failures = {kind: _without(spec, families) for kind, spec in files.failures.items()}
    named = {**files.world, "name": world.name + _HOUSE}
    return World.of(
        dataclasses.replace(
            files,
            reference=f"./{world.name}{_HOUSE}",
            world=named,
            phrasings=phrasings,
            failures={kind: spec for kind, spec in failures.items() if all(spec["over"].values())},
        )
    )


def find_besides(world: World) -> frozenset[str]:
    """Return the families that a policy forbids beside those of the world; none in a world as it ships."""
    return frozenset(name for name, entry in world.phrasings.harmful.items() if entry.besides)


def _without(spec: Mapping[str, Any], families: Collection[str]) -> Mapping[str, Any]:
    over = {
        name: [one for one in values if name != "lookalike" or one not in families]
        for name, values in spec["over"].items()
    }
    return {**spec, "over": over}
