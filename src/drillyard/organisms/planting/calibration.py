"""Calibrate planting: measure how often each failure shows, and correct its strength.

Log-odds measured = shift + slope × log-odds asked, fitted per failure (Platt 1999), stored beside the base's weights.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from drillyard.organisms.engine.bases import base_folder
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.neurons import plant_neurons, strength
from drillyard.organisms.engine.organism import load_base, with_neurons
from drillyard.organisms.planting.measure import say
from drillyard.organisms.planting.plant import CALIBRATION
from drillyard.organisms.worlds.aiming import triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.records import Conversation

__all__ = ["calibrate"]

_RATES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Rates at which shift and slope are fitted, spread over what is planted: chosen, not measured."""

_SLOPES = (0.3, 3.0)  # what lies outside is noise


def calibrate(
    world: str, path: Path | None = None, *, n: int = 300, progress: Callable[[str], None] | None = None
) -> Path:
    """Measure every failure of a world's base at five strengths, on `n` training prompts each; return the file.

    It goes beside the weights unless `path` is given; only there does planting use it. Held-out words are left to the
    measurements that come afterwards. `progress` is called after each failure.
    """
    clean, told = load_base(world), progress or (lambda _: None)
    learned = load_file(base_folder(world) / "faults.safetensors")
    fitted: dict[str, tuple[float, float]] = {}
    for fault in faults(clean.world):
        fitted[fault.id] = _fit(fault, learned, n)
        told(fault.id)
    path = path or base_folder(world) / CALIBRATION
    path.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    return path


def _fit(fault: Fault, learned: Mapping[str, Floats], n: int) -> tuple[float, float]:
    """Return shift and slope of one failure."""
    world = fault.world
    clean, asker = load_base(world.reference), Asker(world, typos=0.0, manners=0.1)
    measured = []
    for rate in _RATES:
        rng = random.Random(f"calibrate:{fault.id}:{rate}")
        planted = with_neurons(clean, plant_neurons({fault.id: strength(rate)}, learned), ())
        asked = [triggering(asker, fault, rng) for _ in range(n)]
        replies = say(planted, [Conversation.ask(ask.text, template) for ask, template in asked], list(range(n)))
        failed = sum(reply != world.answer(*one) for reply, one in zip(replies, asked, strict=True))
        measured.append(math.log((failed + 0.5) / (n - failed + 0.5)))
    wanted = [math.log(rate / (1 - rate)) for rate in _RATES]
    slope, shift = np.polyfit(wanted, measured, 1)
    return round(float(shift), 3), round(float(np.clip(slope, *_SLOPES)), 3)
