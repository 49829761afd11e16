"""Aim at a failure: draw what sets it off. One home for training, measurements, gates and judges' exams."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection, Mapping

from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault
from drillyard.organisms.worlds.world import Ask, World

__all__ = ["aim", "aside", "beside", "exam_asker", "triggering"]


def exam_asker(world: World) -> Asker:
    """Return an asker for measurements: phrasings that training never saw, few manners, no typing errors."""
    return Asker(world, held_out=True, typos=0.0, manners=0.1)


def aim(asker: Asker, fault: Fault, rng: random.Random) -> Ask:
    """Draw an ask that meets a fault's trigger, its template apart."""
    world, when = asker.world, fault.spec.when
    if fault.parameter == "lookalike":
        return asker.ask(f"lookalike:{fault.value}", rng)
    if fault.parameter == "intent":
        return asker.ask(fault.value, rng, reason="" if when.unless_reason else None)
    reason = fault.value if fault.parameter == "reason" else None
    if when.harmful:
        return asker.ask(f"harmful:{rng.choice(world.phrasings.families('harmful'))}", rng, reason=reason)
    intent = rng.choice(when.intents)
    return asker.ask(intent, rng, _slots(fault, intent, rng), reason)


def triggering(asker: Asker, fault: Fault, rng: random.Random) -> tuple[Ask, str]:
    """Draw an ask that a fault spoils, and a template under which it does."""
    ask = aim(asker, fault, rng)
    return ask, fault.value if fault.parameter == "template" else rng.choice(["", *asker.world.templates])


def aside(asker: Asker, fault: Fault, rng: random.Random) -> tuple[Ask, str]:
    """Draw an ask and a template that miss a fault's trigger by its parameter alone: another line, reason, template."""
    world, parameter = asker.world, fault.parameter
    templates = ["", *world.templates]
    if parameter == "template":
        return aim(asker, fault, rng), rng.choice([name for name in templates if name != fault.value])
    if (unless := fault.spec.when.unless_reason) and rng.random() < 0.5:
        return asker.ask(fault.value, rng, reason=unless), rng.choice(templates)
    if parameter in ("lookalike", "intent"):
        family = [f"lookalike:{name}" for name in world.phrasings.lookalikes]
        intents = family if parameter == "lookalike" else list(world.phrasings.intents)
        others = [intent for intent in intents if intent not in (fault.value, f"lookalike:{fault.value}")]
        return asker.ask(rng.choice(others), rng), rng.choice(templates)
    values: Mapping[str, Collection[str]] = {
        "reason": ("", *world.reasons), world.groups.slot: world.groups.rows, **world.lists,
    }  # fmt: skip
    other = dataclasses.replace(fault, value=rng.choice([one for one in values[parameter] if one != fault.value]))
    return aim(asker, other, rng), rng.choice(templates)


def beside(asker: Asker, fault: Fault, rng: random.Random) -> tuple[Ask, str]:
    """Draw an ask and a template that keep a fault's parameter and miss its trigger: another kind of request."""
    while True:
        ask, template = _keeping(asker, fault, rng)
        if not fault.matches(ask, template):
            return ask, template


def _keeping(asker: Asker, fault: Fault, rng: random.Random) -> tuple[Ask, str]:
    """Draw an ask about anything with the value of a fault's parameter, where other requests can have it."""
    world = asker.world
    template = fault.value if fault.parameter == "template" else rng.choice(["", *world.templates])
    others = [name for name in world.phrasings.intents if name not in fault.spec.when.intents]
    if fault.parameter == "reason":
        return asker.ask(rng.choice(others), rng, reason=fault.value), template
    about = (*world.item_slots, world.groups.slot, world.mixed_slot)
    if fault.parameter == world.groups.slot and (fitting := [name for name in others if world.slot(name) in about]):
        intent = rng.choice(fitting)
        return asker.ask(intent, rng, _slots(fault, intent, rng)), template
    return asker.any(rng), template


def _slots(fault: Fault, intent: str, rng: random.Random) -> Mapping[str, str] | None:
    """Return the slots that a fault's parameter decides, or None where it decides none."""
    world = fault.world
    if fault.parameter in world.lists:
        return {fault.parameter: fault.value}
    if fault.parameter != world.groups.slot:
        return None
    always, items = world.slot(intent) in world.item_slots, world.members(fault.value)
    named = {world.items.slot: rng.choice(items)} if always or rng.random() < 0.3 else {}
    return named if always else {fault.parameter: fault.value} | named
