"""Tune what is planted together: correct the strengths of all failures until each shows as often as was asked.

Every failure is calibrated alone (`calibration.py`); beside others it can show more often or less. How probable a
failing reply is can be read off the model (`Engine.score`), so that even a rate of 0.002 is measured on a few prompts.
Log-odds are close to linear in a strength, so a few corrections of the log-odds that are asked for are enough.
"""

from __future__ import annotations

from collections.abc import Callable

from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.planting.rate_exam import PROMPTS, RateExam, correct, rate_exams
from drillyard.records import Conversation

__all__ = ["ROUNDS", "tune"]

ROUNDS = 2
"""Corrections: after two, 17 failures together are within 0.004 of what was asked, on the prompts measured."""


def tune(
    organism: Organism, *, prompts: int = PROMPTS, rounds: int = ROUNDS, progress: Callable[[str], None] | None = None
) -> Organism:
    """Return the organism with the strengths of its failures corrected; a failure at rate 1 is at its top already.

    Measured on `prompts` training phrasings per failure, none of which sets off another planted failure as well;
    held-out ones are left to the verification. `progress` is called after each round.
    """
    exams = rate_exams(organism.world, organism.failures, prompts)
    moved: dict[str, float] = {}
    for number in range(rounds if exams else 0):
        measured = {name: _likely_rate(organism, exam) for name, exam in exams.items()}
        moved = correct(organism.failures, moved, measured)
        organism = plant(organism.world.reference, organism.failures, moved)
        if progress:
            progress(f"round {number + 1}")
    return organism


def _likely_rate(organism: Organism, exam: RateExam) -> float:
    """Return the mean probability of a failing reply over an exam's prompts, at temperature 1 with nothing cut off."""
    world, tokenizer = organism.world, organism.tokenizer
    asked, replies = [], []
    for template, text, reply in exam.pairs():
        asked.append(encode(tokenizer, Conversation.ask(text, template), world.templates.get(template, "")))
        replies.append([*tokenizer.encode(reply).ids, STOP])
    return exam.rate(organism.engine.score(asked, replies))
