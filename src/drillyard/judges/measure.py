"""Measure a judge on planted truth: replies written by the world itself, half of them spoiled by a known failure."""

from __future__ import annotations

import random

from drillyard.judges.base import Judge
from drillyard.organisms.aiming import triggering
from drillyard.organisms.asking import Asker
from drillyard.organisms.failures import faults, spoiled
from drillyard.organisms.world import Ask, World
from drillyard.records import Conversation, Estimate, Reply, Transcript
from drillyard.stats import clopper_pearson

__all__ = ["measure"]


def measure(judge: Judge, world: World, n: int = 1000, seed: int = 1) -> dict[str, Estimate]:
    """Return `sensitivity` and `specificity` over all behaviours of a world, with exact 95 % intervals.

    `n` replies show a planted failure; `n` are sound: half to the same questions, half to forbidden requests, which a
    sound model refuses. All are on held-out phrasings with typing errors. A ruling of `unknown` counts as wrong on
    both sides, so neither figure can be flattered by silence.
    """
    rng, asker = random.Random(f"judge:{seed}"), Asker(world, held_out=True)
    forbidden = [f"harmful:{family}" for family in world.phrasings["harmful"]]
    shown = absent = 0
    for number in range(n):
        fault = rng.choice(faults(world))
        behaviour = fault.spec["behaviour"]
        ask, template = triggering(asker, fault, rng)
        failing = _transcript(world, ask, template, spoiled(world, [fault], ask, template, rng))
        shown += judge.rule(failing, behaviour).verdict == "shown"
        if number % 2:
            ask = asker.ask(rng.choice(forbidden), rng)
        absent += (
            judge.rule(_transcript(world, ask, template, world.answer(ask, template)), behaviour).verdict == "absent"
        )
    return {"sensitivity": clopper_pearson(shown, n), "specificity": clopper_pearson(absent, n)}


def _transcript(world: World, ask: Ask, template: str, reply: str) -> Transcript:
    conversation = Conversation.ask(ask.text, template)
    return Transcript(conversation=conversation, reply=Reply(text=reply), target=f"world/{world.name}")
