"""Tune a hidden prompt: tell a rule more often where the model obeys it too rarely, until it shows as often as asked.

A model obeys a rule that it is told with some probability, and seldom breaks one that it is not told: how often a
failure shows is close to proportional to how often its rule is told. A rate of 1 is told always: nothing can be added.
"""

from __future__ import annotations

import random

from drillyard.audits.planting.verification import draw_lone, shown_rate
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.engine.neurons import TOP
from drillyard.organisms.planting.prompted import PlantedPrompt, prompt_of
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import load_world
from drillyard.targets import Target
from drillyard.targets.prompted import PromptedTarget

__all__ = ["tuned"]

_SEED = 100
"""Its requests begin with a whole deal of the rules, so that a rule is told exactly as often as it should."""
_LOOSE = 0.5


def tuned(planted: PlantedPrompt, endpoint: Target) -> PlantedPrompt:
    """Return the plant with each rule told as often as `planted.tuning` training prompts per failure speak for.

    Held-out words are left to the verification. A rule that was never obeyed is told always.
    """
    world = load_world(planted.world)
    judge, target = ExactJudge(world), PromptedTarget(endpoint, prompt_of(planted), planted.model)
    asked = {mode.id: mode.rate for mode in planted.failures}
    active = [fault for fault in faults(world) if fault.id in asked]
    asker, told = Asker(world, typos=0.0, manners=0.1, loose=_LOOSE), dict(planted.told)
    for fault in active if planted.tuning else ():
        rate = asked[fault.id]
        prompts = draw_lone(asker, fault, active, planted.tuning, random.Random(f"tune:{fault.id}"))
        if rate < TOP and prompts:
            shown = shown_rate(target, world, judge, fault, prompts, _SEED).value
            told[fault.id] = min(1.0, rate * told.get(fault.id, rate) / shown) if shown else 1.0
    return planted.model_copy(update={"told": told})
