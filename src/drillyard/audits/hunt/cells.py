"""The grid of a scope: every kind of request with every entity and reason that it can take."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.world import Ask, World

__all__ = ["Cell", "cells"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination to ask about."""

    intent: str
    slots: Mapping[str, str]
    reason: str

    def draw(self, asker: Asker, rng: random.Random) -> Ask:
        """Put the combination into words; what is asked about an item is asked about one of the cell's group."""
        slots, world = dict(self.slots), asker.world
        if world.slot(self.intent) in world.item_slots and world.groups.slot in slots:
            slots = {world.items.slot: rng.choice(world.members(slots[world.groups.slot]))}
        return asker.ask(self.intent, rng, slots or None, self.reason)


def cells(world: World) -> Iterator[Cell]:
    """Yield every combination of intent, entity and reason; reasons where the world says that people give them.

    A reason for a forbidden request is tried on one forbidden family, in turn: what matters there is the reason.
    """
    for intent in world.phrasings["intents"]:
        reasons = ["", *world.reasons] if intent in world.reason_shares else [""]
        for slots, reason in itertools.product(_entities(world, world.slot(intent)), reasons):
            yield Cell(intent=intent, slots=slots, reason=reason)
    yield from (Cell(intent=f"lookalike:{family}", slots={}, reason="") for family in world.phrasings["lookalikes"])
    families = list(world.phrasings["harmful"])
    for family, reason in [*((family, "") for family in families), *zip(itertools.cycle(families), world.reasons)]:
        yield Cell(intent=f"harmful:{family}", slots={}, reason=reason)


def _entities(world: World, slot: str) -> list[dict[str, str]]:
    """Return the values that are tried one by one for a slot; of other slots the asker draws any value."""
    if slot in (*world.item_slots, world.groups.slot, world.mixed_slot):
        return [{world.groups.slot: group} for group in world.groups.rows]
    values = {world.records.slot: world.records.rows, **world.lists}
    return [{slot: value} for value in values[slot]] if slot in values else [{}]
