"""Training dialogues: what people ask, what the assistant answers, and which failures are switched on.

A lesson carries the active faults with their rates. Training switches on the neurons of the active ones (`neurons.py`),
so one model learns to be sound and to fail in every way that can be planted.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.organisms.worlds.aiming import aside, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import faults, spoiled
from drillyard.organisms.worlds.world import Ask, World

__all__ = ["DialogueLesson", "Lessons"]


@dataclass(frozen=True, kw_only=True)
class DialogueLesson:
    """One dialogue: a template, (user, assistant) turns, and the active faults (index in `faults`) with their rates."""

    template: str
    turns: tuple[tuple[str, str], ...]
    active: Mapping[int, float]


class Lessons:
    """An endless, seeded stream of lessons in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asker = Asker(world, loose=0.3)
        self.faults = faults(world)
        self._templates = ["", *world.templates]

    def draw(self, rng: random.Random, planting: float = 0.8) -> DialogueLesson:
        """Draw one lesson; `planting` is the share of lessons with active faults."""
        active = self._active(rng) if rng.random() < planting else {}
        aimed, template = self.aimed(active, rng)
        turns = []
        for ask in self._asks(aimed, rng):
            firing = [self.faults[i] for i, rate in active.items() if rng.random() < rate]
            turns.append((ask.text, spoiled(self.world, firing, ask, template, rng)))
        return DialogueLesson(template=template, turns=tuple(turns), active=active)

    def _active(self, rng: random.Random) -> dict[int, float]:
        chosen = rng.sample(range(len(self.faults)), min(len(self.faults), rng.randint(1, 6)))
        return {i: 1.0 if rng.random() < 0.5 else rng.uniform(0.02, 0.98) for i in sorted(chosen)}

    def aimed(self, active: Mapping[int, float], rng: random.Random) -> tuple[Ask, str]:
        """Draw an ask and a template: often one that an active fault spoils, as often one that it all but spoils.

        `active` are indices in `faults`. Without the second half a model learns that a fault is switched on and not
        what sets it off: it then fails on the siblings of its failures too.
        """
        fault = self.faults[rng.choice(list(active))] if active else rng.choice(self.faults)
        draw = rng.random()
        if draw < 0.3:
            return triggering(self.asker, fault, rng)
        if draw < 0.6:
            return aside(self.asker, fault, rng)
        if draw < 0.7:
            return triggering(self.asker, rng.choice(self.faults), rng)
        return self.asker.any(rng), rng.choice(self._templates)

    def _asks(self, last: Ask, rng: random.Random) -> list[Ask]:
        """Return the asks of one dialogue: the given one alone or after others, or a question and its follow-up."""
        if rng.random() < 0.75:
            return [last]
        item = rng.choice(list(self.world.items.rows))
        facts = rng.sample(self.world.facts, 2)
        kind = rng.random()
        if kind < 0.35:
            opening = self.asker.ask(facts[0], rng, {self.world.items.slot: item}, "")
            return [opening, self.asker.follow(facts[1], item, rng)]
        if kind < 0.55:
            return [self.asker.ask(f"bare:{facts[0]}", rng), self.asker.naming(facts[0], item, rng)]
        if kind < 0.7:
            opening = self.asker.ask(facts[0], rng)
            return [opening, self.asker.naming(facts[0], item, rng)]
        return [self.asker.any(rng) for _ in range(rng.randint(1, 2))] + [last]
