"""What a rate is tuned on: training prompts that set one failure off and no other, with all replies that show it.

How probable a failing reply is can be read off a model, so that even a rate of 0.002 is measured on a few prompts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drillyard.organisms.engine.neurons import TOP, odds
from drillyard.organisms.worlds.aiming import triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import World
from drillyard.records import FailureMode

__all__ = ["PROMPTS", "RateExam", "correct", "rate_exams"]

PROMPTS = 96
"""Prompts per failure."""
_FARTHEST = 6.0  # log-odds by which a correction may reach; what needs more is out of reach
_TRIES = 20
"""Draws per prompt wanted, before a failure is said to have too few: chosen, not measured."""

_LOOSE = 0.5  # words come and go in half of the prompts: nearer to words never seen than the phrasings as they stand
_WAYS = 12  # draws that find all sentences of a failure, which has three at most


@dataclass(frozen=True, kw_only=True)
class RateExam:
    """Prompts that set one failure off, as template and text, each with every reply in which the failure shows."""

    prompts: tuple[tuple[str, str], ...]
    failing: tuple[tuple[str, ...], ...]

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """Yield template, text and failing reply, in a fixed order."""
        for (template, text), ways in zip(self.prompts, self.failing, strict=True):
            for reply in ways:
                yield template, text, reply

    def rate(self, logs: Sequence[float]) -> float:
        """Return the mean probability of failing, from the natural log of each pair's probability."""
        return min(1.0, math.fsum(map(math.exp, logs)) / len(self.prompts))


def rate_exams(world: World, failures: Sequence[FailureMode], count: int = PROMPTS) -> dict[str, RateExam]:
    """Return an exam of `count` prompts for each failure that can be tuned: above a rate of 1 there is nothing.

    Nor is there an exam where every prompt sets off another failure as well.
    """
    names = [mode.id for mode in failures]
    exams = {mode.id: _exam(world, names, mode.id, count) for mode in failures if mode.rate < TOP}
    return {name: exam for name, exam in exams.items() if exam.prompts}


def correct(
    failures: Sequence[FailureMode], moved: Mapping[str, float], measured: Mapping[str, float], share: float = 1.0
) -> dict[str, float]:
    """Return by how much the log-odds of failures have to be moved, after a move of `moved` that gave these rates.

    `share` is how much of each difference is corrected.
    """
    gaps = {mode.id: share * (odds(mode.rate) - odds(measured[mode.id])) for mode in failures if mode.id in measured}
    return {name: max(-_FARTHEST, min(_FARTHEST, moved.get(name, 0.0) + gap)) for name, gap in gaps.items()}


def _exam(world: World, names: Sequence[str], name: str, count: int) -> RateExam:
    known = {fault.id: fault for fault in faults(world)}
    fault, others = known[name], [known[other] for other in names if other != name]
    asker, rng = Asker(world, typos=0.0, manners=0.1, loose=_LOOSE), random.Random(f"tune:{name}")
    prompts: list[tuple[str, str]] = []
    failing: list[tuple[str, ...]] = []
    for _ in range(_TRIES * count):
        ask, template = triggering(asker, fault, rng)
        if len(prompts) == count or any(other.matches(ask, template) for other in others):
            continue
        prompts.append((template, ask.text))
        body, opening = world.body(ask), world.openings.get(template, "")
        failing.append(tuple(sorted({opening + fault.spoil(body, ask, rng) for _ in range(_WAYS)})))
    return RateExam(prompts=tuple(prompts), failing=tuple(failing))
