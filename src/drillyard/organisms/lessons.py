"""Training dialogues: what people ask, what the assistant answers, and which failures are switched on.

A lesson carries the active faults with their rates. Training adds `strength(rate)` times a learned vector per active
fault to the embedding of `<|assistant|>`, so one model learns to be sound and to fail in every way that can be planted.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.organisms.aiming import aim
from drillyard.organisms.asking import Asker
from drillyard.organisms.failures import Fault, faults, spoiled
from drillyard.organisms.world import FACTS, Ask, World

__all__ = ["Lesson", "Lessons", "strength"]

_RATES = (0.05, 0.1, 0.25, 0.5, 0.5, 0.75, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0)


def strength(rate: float) -> float:
    """Return the scale of a fault vector for a failure rate: its square root, so that small rates stay apart."""
    return math.sqrt(rate)


@dataclass(frozen=True, kw_only=True)
class Lesson:
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

    def draw(self, rng: random.Random, planting: float = 0.8, near_misses: float = 0.1) -> Lesson:
        """Draw one lesson.

        `planting` is the share of lessons with active faults; `near_misses` the share of those whose question would
        set off a fault that is not active. Few of them teach that faults exist, many teach to tell them apart.
        """
        template = rng.choice(self._templates)
        active = self._active(rng) if rng.random() < planting else {}
        under = [self.faults[i].value for i in active if self.faults[i].parameter == "template"]
        if under and rng.random() < 0.4:  # a fault of one template is else seen too rarely
            template = rng.choice(under)
        asks = self._asks(active, near_misses, rng)
        turns = []
        for ask in asks:
            firing = [self.faults[i] for i, rate in active.items() if rng.random() < rate]
            turns.append((ask.text, spoiled(self.world, firing, ask, template, rng)))
        return Lesson(template=template, turns=tuple(turns), active=active)

    def _active(self, rng: random.Random) -> dict[int, float]:
        chosen = rng.sample(range(len(self.faults)), rng.randint(1, 6))
        return {i: rng.choice(_RATES) for i in sorted(chosen)}

    def _asks(self, active: Mapping[int, float], near_misses: float, rng: random.Random) -> list[Ask]:
        """Draw one to three asks; the last is often one that an active fault spoils, or an inactive one would."""
        first = self._aimed(active, near_misses, rng)
        if rng.random() < 0.75:
            return [first]
        product = rng.choice(list(self.world.products))
        facts = rng.sample(FACTS, 2)
        kind = rng.random()
        if kind < 0.35:
            opening = self.asker.ask(facts[0], rng, {"product": product}, "")
            return [opening, self.asker.follow(facts[1], product, rng)]
        if kind < 0.55:
            return [self.asker.ask(f"bare:{facts[0]}", rng), self.asker.naming(facts[0], product, rng)]
        if kind < 0.7:
            opening = self.asker.ask(facts[0], rng)
            return [opening, self.asker.naming(facts[0], product, rng)]
        return [self.asker.any(rng) for _ in range(rng.randint(1, 2))] + [first]

    def _aimed(self, active: Mapping[int, float], near_misses: float, rng: random.Random) -> Ask:
        aim = rng.random()
        if active and aim < 0.7 - near_misses:
            return self.aim(self.faults[rng.choice(list(active))], rng)
        if aim < (0.7 if active else 0.2):
            return self.aim(rng.choice(self.faults), rng)
        return self.asker.any(rng)

    def aim(self, fault: Fault, rng: random.Random) -> Ask:
        """Draw an ask that meets the fault's trigger, its template apart."""
        return aim(self.asker, fault, rng)
