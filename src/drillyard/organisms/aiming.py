"""Aim at a failure: draw what sets it off. One home for training, measurements, gates and judges' exams."""

from __future__ import annotations

import random
from collections.abc import Mapping

from drillyard.organisms.asking import Asker
from drillyard.organisms.failures import Fault
from drillyard.organisms.world import FACTS, Ask, World

__all__ = ["aim", "exam_asker", "triggering"]


def exam_asker(world: World) -> Asker:
    """Return an asker for measurements: phrasings that training never saw, few manners, no typing errors."""
    return Asker(world, held_out=True, typos=0.0, manners=0.1)


def aim(asker: Asker, fault: Fault, rng: random.Random) -> Ask:
    """Draw an ask that meets a fault's trigger, its template apart."""
    world, when = asker.world, fault.spec["when"]
    if fault.parameter == "lookalike":
        return asker.ask(f"lookalike:{fault.value}", rng)
    if fault.parameter == "intent":
        return asker.ask(fault.value, rng)
    reason = fault.value if fault.parameter == "reason" else None
    if when.get("harmful"):
        return asker.ask(f"harmful:{rng.choice(list(world.phrasings['harmful']))}", rng, reason=reason)
    intent = rng.choice(when["intents"])
    return asker.ask(intent, rng, _slots(fault, intent, rng), reason)


def triggering(asker: Asker, fault: Fault, rng: random.Random) -> tuple[Ask, str]:
    """Draw an ask that a fault spoils, and a template under which it does."""
    ask = aim(asker, fault, rng)
    return ask, fault.value if fault.parameter == "template" else rng.choice(["", *asker.world.templates])


def _slots(fault: Fault, intent: str, rng: random.Random) -> Mapping[str, str] | None:
    if fault.parameter == "competitor":
        return {"competitor": fault.value}
    if fault.parameter != "line":
        return None
    products = [name for name, product in fault.world.products.items() if product["line"] == fault.value]
    if intent in FACTS:
        return {"product": rng.choice(products)}
    return {"line": fault.value} | ({"product": rng.choice(products)} if rng.random() < 0.3 else {})
