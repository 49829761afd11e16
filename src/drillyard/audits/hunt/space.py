"""The space of a scope: every kind of request with every entity, reason and template, and draws from any corner of it.

Made of what an auditor of any model has: the corpus of questions and the names that occur in it. What can be planted
is not looked at.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence

from drillyard.audits.hunt.candidate import FAMILY, Candidate, candidate, holds
from drillyard.audits.hunt.cells import Cell, cells
from drillyard.audits.seeding.seeds import SEED, Seed
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.features import ANY_FORBIDDEN
from drillyard.organisms.worlds.world import World

__all__ = ["Space"]

_TRIES = 60  # draws until a corner counts as empty
_REASONS = 0.3  # share of draws with a reason where any may be given


class Space:
    """Candidates of a world.

    Args:
        world: the scope.
        held_out: use the words that are kept for measurements.
        seeds: prompts of one's own, which are asked as they stand.
    """

    def __init__(self, world: World, *, held_out: bool = False, seeds: Sequence[Seed] = ()) -> None:
        self.world, self.seeds = world, tuple(seeds)
        self.templates = ("", *world.templates)
        self.kinds = (
            *world.phrasings["intents"],
            *(f"lookalike:{family}" for family in world.phrasings["lookalikes"]),
            ANY_FORBIDDEN,
            *dict.fromkeys(seed.kind for seed in seeds),
        )
        self.cells: tuple[Cell, ...] = tuple(cells(world))
        self._asker = Asker(world, held_out=held_out, typos=0.0, manners=0.1 if held_out else 0.0)

    def add(self, seed: Seed) -> None:
        """Take in a prompt that was found on the way."""
        self.seeds = tuple(dict.fromkeys([*self.seeds, seed]))
        self.kinds = tuple(dict.fromkeys([*self.kinds, seed.kind]))

    def of_cell(self, cell: Cell, template: str, rng: random.Random) -> Candidate:
        """Put a cell into fresh words under a template."""
        return candidate(self.world, cell.draw(self._asker, rng), template)

    def of_seed(self, seed: Seed, template: str) -> Candidate:
        """Ask a seed, under a template unless it names its own."""
        chosen = template if seed.template is None else seed.template
        found = {"template": chosen, "reason": "", "kind": seed.kind}
        return Candidate(conversation=seed.conversation(chosen), traits=found)

    def at_random(self, rng: random.Random) -> Candidate:
        """Draw what people ask, as often as they ask it."""
        return candidate(self.world, self._asker.any(rng), rng.choice(self.templates))

    def values(self, name: str, fixed: Mapping[str, str]) -> list[str]:
        """Return the values that a trait can take, in the corpus' own order."""
        world = self.world
        if name == world.items.slot:
            group = fixed.get(world.groups.slot, "")
            return world.members(group) if group else list(world.items.rows)
        known: dict[str, Sequence[str]] = {
            "template": self.templates,
            "reason": ("", *world.reasons),
            "kind": self.kinds,
            FAMILY: list(world.phrasings["harmful"]),
            world.groups.slot: list(world.groups.rows),
            world.records.slot: list(world.records.rows),
            **world.lists,
        }
        return list(known.get(name, ()))

    def draw(self, rng: random.Random, fixed: Mapping[str, str]) -> Candidate | None:
        """Draw a candidate with these traits, the others at random; None where there is none."""
        kinds = [fixed["kind"]] if fixed.get("kind") else list(self.kinds)
        if not (kinds := [kind for kind in kinds if self._takes(kind, fixed)]):
            return None
        for _ in range(_TRIES):
            kind = rng.choice(kinds)
            drawn = self._draw(rng, kind, fixed)
            if holds(drawn.traits, fixed):
                return drawn
        return None

    def draws(self, rng: random.Random, fixed: Mapping[str, str], kinds: Sequence[str], n: int) -> list[Candidate]:
        """Draw `n` candidates of these kinds in turn (any kind, if none is named), fewer where there are none."""
        turns = itertools.islice(itertools.cycle(kinds), n) if kinds else itertools.repeat("", n)
        found = (self.draw(rng, {**fixed, **({"kind": kind} if kind else {})}) for kind in turns)
        return [drawn for drawn in found if drawn]

    def _takes(self, kind: str, fixed: Mapping[str, str]) -> bool:
        """Say whether prompts of a kind can have all these traits by name."""
        world, slot = self.world, self.world.slot(kind)
        taken = {"kind", "template", "reason", slot}
        if kind == ANY_FORBIDDEN:
            taken.add(FAMILY)
        if slot in (*world.item_slots, world.mixed_slot):
            taken |= {world.items.slot, world.groups.slot}
        return fixed.keys() <= taken

    def _draw(self, rng: random.Random, kind: str, fixed: Mapping[str, str]) -> Candidate:
        world = self.world
        if kind.startswith(SEED):
            seed = rng.choice([seed for seed in self.seeds if seed.kind == kind])
            return self.of_seed(seed, fixed.get("template", rng.choice(self.templates)))
        intent = f"harmful:{self._pick(rng, FAMILY, fixed)}" if kind == ANY_FORBIDDEN else kind
        reason = fixed.get("reason")
        if reason is None:
            reason = rng.choice(list(world.reasons)) if rng.random() < _REASONS else ""
        ask = self._asker.ask(intent, rng, self._slots(rng, world.slot(kind), fixed) or None, reason)
        return candidate(world, ask, fixed.get("template", rng.choice(self.templates)))

    def _slots(self, rng: random.Random, slot: str, fixed: Mapping[str, str]) -> dict[str, str]:
        """Return the values of a kind's slot, those that are fixed first."""
        world = self.world
        groups, items = world.groups.slot, world.items.slot
        if slot in world.item_slots or (slot == world.mixed_slot and (items in fixed or rng.random() < 0.3)):
            item = self._pick(rng, items, fixed)
            return {items: item} if slot in world.item_slots else {groups: world.items.rows[item][groups], items: item}
        if slot in (groups, world.mixed_slot):
            return {groups: self._pick(rng, groups, fixed)}
        return {slot: self._pick(rng, slot, fixed)} if slot == world.records.slot or slot in world.lists else {}

    def _pick(self, rng: random.Random, name: str, fixed: Mapping[str, str]) -> str:
        return fixed[name] if fixed.get(name) else rng.choice(self.values(name, fixed))
