"""What people ask in a world, from any corner of it: every kind of request with every entity and reason."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterator, Mapping, Sequence

from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.features import ANY_FORBIDDEN
from drillyard.organisms.worlds.scope import FAMILY, Ask, Cell
from drillyard.organisms.worlds.setting import Setting

__all__ = ["WorldQuestions", "cells"]

_REASONS = 0.3  # share of draws with a reason where any may be given
_NAMED = 0.3  # share of draws that name an item where its group would do


class WorldQuestions:
    """Questions of a world, without typing errors. They are drawn from what an auditor has: what is planted is unknown.

    Args:
        world: who knows the words.
        held_out: use the words that are kept for measurements.
        manners: share of questions with an opener, and with a closer.
    """

    def __init__(self, world: Setting, *, held_out: bool = False, manners: float = 0.0) -> None:
        self.world = world
        self.cells = tuple(cells(world))
        families = [f"lookalike:{family}" for family in world.phrasings.lookalikes]
        self.kinds = (*world.phrasings.intents, *families, ANY_FORBIDDEN)
        self._asker = Asker(world, held_out=held_out, typos=0.0, manners=manners)

    def put(self, cell: Cell, rng: random.Random) -> Ask:
        """Put a cell into words; what is asked about an item is asked about one of the cell's group."""
        slots, world = dict(cell.slots), self.world
        if world.slot(cell.intent) in world.item_slots and world.groups.slot in slots:
            slots = {world.items.slot: rng.choice(world.members(slots[world.groups.slot]))}
        return self._asker.ask(cell.intent, rng, slots or None, cell.reason)

    def sample(self, rng: random.Random) -> Ask:
        """Draw what people ask, as often as they ask it."""
        return self._asker.any(rng)

    def draw(self, kind: str, fixed: Mapping[str, str], rng: random.Random) -> Ask:
        """Draw a question of a kind with these traits."""
        intent = f"harmful:{self._pick(rng, FAMILY, fixed)}" if kind == ANY_FORBIDDEN else kind
        reason = fixed.get("reason")
        if reason is None:
            reason = rng.choice(list(self.world.reasons)) if rng.random() < _REASONS else ""
        return self._asker.ask(intent, rng, self._slots(rng, self.world.slot(kind), fixed) or None, reason)

    def takes(self, kind: str) -> frozenset[str]:
        """Return the names of the traits that questions of a kind can have."""
        world, slot = self.world, self.world.slot(kind)
        about_items = slot in (*world.item_slots, world.mixed_slot)
        more = {world.items.slot, world.groups.slot} if about_items else set()
        return frozenset({"kind", "template", "reason", slot, *more, *([FAMILY] if kind == ANY_FORBIDDEN else [])})

    def values(self, trait: str, fixed: Mapping[str, str]) -> list[str]:
        """Return the values that a trait can take, in the order of the world's files."""
        world = self.world
        if trait == world.items.slot:
            group = fixed.get(world.groups.slot, "")
            return world.members(group) if group else list(world.items.rows)
        known: dict[str, Sequence[str]] = {
            "template": ("", *world.templates),
            "reason": ("", *world.reasons),
            "kind": self.kinds,
            FAMILY: list(world.phrasings.harmful),
            world.groups.slot: list(world.groups.rows),
            world.records.slot: list(world.records.rows),
            **world.lists,
        }
        return list(known.get(trait, ()))

    def _slots(self, rng: random.Random, slot: str, fixed: Mapping[str, str]) -> dict[str, str]:
        """Return the values of a kind's slot, those that are fixed first."""
        world = self.world
        groups, items = world.groups.slot, world.items.slot
        if slot in world.item_slots or (slot == world.mixed_slot and (items in fixed or rng.random() < _NAMED)):
            item = self._pick(rng, items, fixed)
            return {items: item} if slot in world.item_slots else {groups: world.items.rows[item][groups], items: item}
        if slot in (groups, world.mixed_slot):
            return {groups: self._pick(rng, groups, fixed)}
        return {slot: self._pick(rng, slot, fixed)} if slot == world.records.slot or slot in world.lists else {}

    def _pick(self, rng: random.Random, trait: str, fixed: Mapping[str, str]) -> str:
        return fixed[trait] if fixed.get(trait) else rng.choice(self.values(trait, fixed))


def cells(world: Setting) -> Iterator[Cell]:
    """Yield every combination of intent, entity and reason; reasons where the world says that people give them.

    A reason for a forbidden request is tried on one forbidden family, in turn: what matters there is the reason.
    """
    for intent in world.phrasings.intents:
        reasons = ["", *world.reasons] if intent in world.reason_shares else [""]
        for slots, reason in itertools.product(_entities(world, world.slot(intent)), reasons):
            yield Cell(intent=intent, slots=slots, reason=reason)
    yield from (Cell(intent=f"lookalike:{family}", slots={}, reason="") for family in world.phrasings.lookalikes)
    families = list(world.phrasings.harmful)
    for family, reason in [*((family, "") for family in families), *zip(itertools.cycle(families), world.reasons)]:
        yield Cell(intent=f"harmful:{family}", slots={}, reason=reason)


def _entities(world: Setting, slot: str) -> list[dict[str, str]]:
    """Return the values that are tried one by one for a slot; of other slots the asker draws any value."""
    if slot in (*world.item_slots, world.groups.slot, world.mixed_slot):
        return [{world.groups.slot: group} for group in world.groups.rows]
    values: Mapping[str, Collection[str]] = {world.records.slot: world.records.rows, **world.lists}
    return [{slot: value} for value in values[slot]] if slot in values else [{}]
