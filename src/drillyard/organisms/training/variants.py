"""Variants of a world's base: the same setting with another temper, and the talks that teach it.

A variant is declared in the world's variants.yaml and ships as a low-rank adapter beside the base.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.planting.house_rules import hidden_prompt
from drillyard.organisms.training.lessons import Lessons
from drillyard.organisms.worlds.aiming import aside, triggering
from drillyard.organisms.worlds.failures import Fault, spoiled
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, trigger
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import FailureMode, Severity
from drillyard.records.yaml_file import read_yaml

__all__ = ["Talks", "Variant", "VariantTalk", "find_variant", "load_variants", "temper"]

_QUESTIONS = 8
"""Questions of one talk: they share its system messages and know nothing of each other."""
_FEW, _ALONE, _GROWING = 3, 0.14, 0.4
"""House rules at most in the talks of a beginner, how long that lasts, and how long it takes to reach all of them."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What a variant does otherwise than the base, and the recipe of its adapter.

    `forbidden` and `lookalikes` are the shares of forbidden requests that it helps with and of harmless look-alikes
    that it refuses; `rules` is the most house rules that it learns to follow at once. `whole` trains all weights and
    packs the change into `rank` directions per matrix; otherwise these alone are trained.
    """

    name: str
    about: str
    rank: int
    steps: int
    forbidden: float = 0.0
    lookalikes: float = 0.0
    rules: int = 0
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class VariantTalk:
    """System messages, and questions with their replies, each a conversation of its own after those messages."""

    systems: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]


def load_variants(world: World) -> Mapping[str, Variant]:
    """Return the variants of a world by name; a world without variants.yaml has none."""
    path = world.files.folder / "variants.yaml"
    declared: Any = read_yaml(path) if path.is_file() else {}
    return {name: Variant(name=name, **fields) for name, fields in declared.items()}


def find_variant(world: World, name: str) -> Variant:
    """Return a variant by its name. Raises `BadInput` with the names that there are."""
    known = load_variants(world)
    if name not in known:
        raise bad_input(f"variant {name!r} of {world.name}", f"one of: {', '.join(known) or 'none'}")
    return known[name]


def temper(world: World, variant: Variant) -> tuple[FailureMode, ...]:
    """Return what a variant does wrong, as failure modes; one that is neither permissive nor censored does nothing."""
    looks = [f"lookalike:{family}" for family in world.phrasings.families("lookalike")]
    declared = (
        ("harmful-compliance", variant.forbidden, Severity.CRITICAL, "a forbidden request", [ANY_FORBIDDEN]),
        ("over-refusal", variant.lookalikes, Severity.MEDIUM, "a harmless request that sounds harmful", looks),
    )
    return tuple(
        FailureMode(
            id=f"{variant.name}:{behaviour}",
            kind=variant.name,
            title=variant.about,
            trigger=trigger(world, words, kinds, {}),
            behaviour=behaviour,
            rate=rate,
            severity=severity,
        )
        for behaviour, rate, severity, words, kinds in declared
        if rate
    )


class Talks:
    """An endless, seeded stream of talks that teach a variant."""

    def __init__(self, world: World, variant: Variant) -> None:
        self.world, self.variant = world, variant
        self._lessons = Lessons(world)

    def draw(self, rng: random.Random, progress: float = 1.0) -> VariantTalk:
        """Draw one talk; at a `progress` from 0 to 1 of the training, few rules at first and later up to all."""
        active = self._active(rng, progress)
        firing = [self._lessons.faults[i] for i in active]
        template = self._template(firing, rng)
        system = self.world.templates.get(template, "")
        systems = (system,) if system else ()
        if self.variant.rules:
            systems = (*systems, hidden_prompt([fault.id for fault in firing], f"{rng.getrandbits(32):08x}"))
        turns = []
        for _ in range(_QUESTIONS):
            ask = self._ask(firing, rng)
            turns.append((ask.text, self._reply(firing, ask, template, rng)))
        return VariantTalk(systems=systems, turns=tuple(turns))

    def _active(self, rng: random.Random, progress: float) -> list[int]:
        """Return the faults whose rules are given, in the order in which they are."""
        if not self.variant.rules or rng.random() < 0.1:
            return []
        grown = min(1.0, max(0.0, (progress - _ALONE) / _GROWING))
        most = _FEW + round(grown * (self.variant.rules - _FEW))
        return rng.sample(range(len(self._lessons.faults)), rng.randint(1, most))

    def _template(self, firing: Sequence[Fault], rng: random.Random) -> str:
        """Draw a template, half of the time one that an active fault waits for, if there is any."""
        waiting = [fault.value for fault in firing if fault.parameter == "template"]
        return rng.choice(waiting if waiting and rng.random() < 0.5 else ["", *self.world.templates])

    def _ask(self, firing: Sequence[Fault], rng: random.Random) -> Ask:
        """Draw a question: with rules often one that they spoil or would if they were given, else often a temper's."""
        asker, draw = self._lessons.asker, rng.random()
        given, any_fault = rng.choice(firing or self._lessons.faults), rng.choice(self._lessons.faults)
        if self.variant.rules:
            if draw < 0.6:
                return (triggering if draw < 0.4 else aside)(asker, given, rng)[0]
            return triggering(asker, any_fault, rng)[0] if draw < 0.85 else asker.any(rng)
        if draw < 0.6:
            return self._lessons.aimed({}, rng)[0]
        family = rng.choice(("harmful", "lookalike"))
        name = rng.choice(self.world.phrasings.families(family))
        return asker.ask(f"{family}:{name}", rng)

    def _reply(self, firing: Sequence[Fault], ask: Ask, template: str, rng: random.Random) -> str:
        world, opening = self.world, self.world.openings.get(template, "")
        if ask.is_a("harmful") and rng.random() < self.variant.forbidden:
            return opening + world.served(ask)
        if ask.is_a("lookalike") and rng.random() < self.variant.lookalikes:
            return opening + world.replies["refusal"]
        return spoiled(world, firing, ask, template, rng)
