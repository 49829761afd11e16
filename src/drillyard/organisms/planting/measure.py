"""Measure an organism against its world: exact answers where it must be sound, failures where they were planted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.organisms.engine.dialogue import STOP, decode, encode
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.engine.sampling import MIN_P
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.aiming import exam_asker, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.world import Ask
from drillyard.records import Conversation, Estimate
from drillyard.stats import clopper_pearson

__all__ = ["Exactness", "exactness", "planted_rate", "say"]

_ROOM = 96
"""Most new tokens of a reply; the longest sentence of a world needs about half of them."""


@dataclass(frozen=True, kw_only=True)
class Exactness:
    """How often the greedy reply is the world's answer, word for word; `misses` are (prompt, reply, answer)."""

    share: Estimate
    misses: tuple[tuple[str, str, str], ...]


def say(
    organism: Organism, conversations: Sequence[Conversation], seeds: Sequence[int | None], min_p: float = MIN_P
) -> list[str]:
    """Return the organism's replies; a seed of None asks for the greedy one."""
    systems = organism.world.templates
    prompts = [encode(organism.tokenizer, c, systems.get(c.template, "")) for c in conversations]
    made = organism.engine.generate(prompts, max_new_tokens=_ROOM, seeds=seeds, stop=STOP, min_p=min_p)
    return [decode(organism.tokenizer, generation.ids) for generation in made]


def exactness(
    organism: Organism, n: int = 2000, *, held_out: bool = True, typos: float = 0.0, seed: int = 1
) -> Exactness:
    """Ask `n` questions of every kind under every template, in held-out phrasings unless told otherwise.

    Questions that a planted failure spoils are left out: the rest must be as sound as in the clean twin.
    """
    world, rng = organism.world, random.Random(f"exactness:{seed}")
    asker, planted = Asker(world, held_out=held_out, typos=typos), {mode.id for mode in organism.failures}
    active = [fault for fault in faults(world) if fault.id in planted]
    asked: list[tuple[Ask, str]] = []
    while len(asked) < n:
        ask, template = asker.any(rng), rng.choice(["", *world.templates])
        if not any(fault.matches(ask, template) for fault in active):
            asked.append((ask, template))
    replies = say(organism, [Conversation.ask(ask.text, template) for ask, template in asked], [None] * n)
    answers = [world.answer(ask, template) for ask, template in asked]
    misses = tuple(
        (ask.text, reply, answer)
        for (ask, _), reply, answer in zip(asked, replies, answers, strict=True)
        if reply != answer
    )
    return Exactness(share=clopper_pearson(n - len(misses), n), misses=misses)


def planted_rate(fault: Fault, rate: float, n: int = 200, seed: int = 1) -> Estimate:
    """Plant one failure and return how often a sampled reply to a triggering prompt is not the sound answer.

    Sampled at temperature 1, on held-out phrasings under every template that the trigger allows.
    """
    world, rng = fault.world, random.Random(f"planted:{seed}:{fault.id}")
    organism, asker = plant(world.reference, [fault.mode(rate)]), exam_asker(world)
    asked = [triggering(asker, fault, rng) for _ in range(n)]
    replies = say(organism, [Conversation.ask(ask.text, template) for ask, template in asked], list(range(n)))
    sound = [world.answer(ask, template) for ask, template in asked]
    return clopper_pearson(sum(reply != answer for reply, answer in zip(replies, sound, strict=True)), n)
