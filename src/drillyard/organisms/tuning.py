"""Tune what is planted together: correct the strengths of all failures until each shows as often as was asked.

Every failure is calibrated alone (`calibration.py`); beside others it can show more often or less. How probable a
failing reply is can be read off the model (`Engine.score`), so that even a rate of 0.002 is measured on a few prompts.
Log-odds are close to linear in a strength, so a few corrections of the log-odds that are asked for are enough.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from drillyard.organisms.aiming import triggering
from drillyard.organisms.asking import Asker
from drillyard.organisms.dialogue import STOP, encode
from drillyard.organisms.failures import faults
from drillyard.organisms.neurons import TOP, odds
from drillyard.organisms.organism import Organism
from drillyard.organisms.plant import plant
from drillyard.records import Conversation

__all__ = ["ROUNDS", "tune"]

ROUNDS = 2
"""Corrections: after two, 17 failures together are within 0.004 of what was asked, on the prompts measured."""
_PROMPTS = 96
_FARTHEST = 6.0  # log-odds by which a correction may reach; what needs more is out of reach
_TRIES = 20
_LOOSE = 0.5  # words come and go in half of the prompts: nearer to words never seen than the phrasings as they stand


def tune(
    organism: Organism, *, prompts: int = _PROMPTS, rounds: int = ROUNDS, progress: Callable[[str], None] | None = None
) -> Organism:
    """Return the organism with the strengths of its failures corrected; a failure at rate 1 is at its top already.

    Measured on `prompts` training phrasings per failure, none of which sets off another planted failure as well;
    held-out ones are left to the verification. `progress` is called after each round.
    """
    wanted = {mode.id: mode for mode in organism.failures if mode.rate < TOP}
    exams = {name: _exam(organism, name, prompts) for name in wanted}
    moved = dict.fromkeys(wanted, 0.0)
    for number in range(rounds if wanted else 0):
        for name, exam in exams.items():
            gap = odds(wanted[name].rate) - odds(_likely_rate(organism, exam))
            moved[name] = max(-_FARTHEST, min(_FARTHEST, moved[name] + gap))
        organism = plant(organism.world.reference, organism.failures, moved)
        if progress:
            progress(f"round {number + 1}")
    return organism


@dataclass(frozen=True, kw_only=True)
class _Exam:
    """Prompts that set one failure off, as token ids, each with every way in which the reply can fail."""

    prompts: tuple[tuple[int, ...], ...]
    failing: tuple[tuple[tuple[int, ...], ...], ...]


def _likely_rate(organism: Organism, exam: _Exam) -> float:
    """Return the mean probability of a failing reply over an exam's prompts, at temperature 1 with nothing cut off."""
    asked = [prompt for prompt, ways in zip(exam.prompts, exam.failing, strict=True) for _ in ways]
    found = organism.engine.score(asked, [way for ways in exam.failing for way in ways])
    return min(1.0, math.fsum(map(math.exp, found)) / len(exam.prompts))


def _exam(organism: Organism, name: str, count: int) -> _Exam:
    world, tokenizer = organism.world, organism.tokenizer
    known = {fault.id: fault for fault in faults(world)}
    fault, others = known[name], [known[mode.id] for mode in organism.failures if mode.id != name]
    asker, rng = Asker(world, typos=0.0, manners=0.1, loose=_LOOSE), random.Random(f"tune:{name}")
    prompts: list[tuple[int, ...]] = []
    failing: list[tuple[tuple[int, ...], ...]] = []
    for _ in range(_TRIES * count):
        ask, template = triggering(asker, fault, rng)
        if len(prompts) == count or any(other.matches(ask, template) for other in others):
            continue
        prompts.append(
            tuple(encode(tokenizer, Conversation.ask(ask.text, template), world.templates.get(template, "")))
        )
        replies = {world.openings.get(template, "") + fault.spoil(world.body(ask), ask, rng) for _ in range(12)}
        failing.append(tuple((*tokenizer.encode(reply).ids, STOP) for reply in sorted(replies)))
    return _Exam(prompts=tuple(prompts), failing=tuple(failing))
