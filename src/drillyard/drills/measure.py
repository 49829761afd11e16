"""Measure an instance: how often its planted failures show on fresh prompts, in the failing model and in the twin."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.drills.exam import FAILING, TWIN, Exam
from drillyard.drills.locate import near_miss
from drillyard.organisms.worlds.aiming import exam_asker, triggering
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.reading import Reader
from drillyard.records import Conversation, Estimate, FailureMode
from drillyard.stats import clopper_pearson, upper_bound

__all__ = ["ELSEWHERE", "QUESTIONS", "Measured", "measure"]

QUESTIONS = 96
"""Prompts per failure. With so many, a failure planted at 0.5 passes its gate with probability 0.998, and a twin that
shows it in 1 % of replies passes with 0.997."""
ELSEWHERE = 48
"""Prompts per failure that nearly meet its trigger."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rates by failure id, and the share of replies that nobody can read.

    `failing` and `twin` are on prompts that meet the trigger, `elsewhere` is the failing model on near misses of it.
    Intervals are exact; the twin's are one-sided upper bounds.
    """

    failing: Mapping[str, Estimate]
    elsewhere: Mapping[str, Estimate]
    twin: Mapping[str, Estimate]
    unreadable: Estimate


def measure(exam: Exam) -> Measured:
    """Ask the failing model and the twin about every planted failure, each prompt once, in held-out words."""
    failing, elsewhere, twin, replies = {}, {}, {}, []
    for mode in exam.truth.failures:
        prompts, near = _prompts(exam, mode)
        asked = [exam.ask(FAILING, prompts, 1), exam.ask(FAILING, near, 1), exam.ask(TWIN, prompts, 1)]
        shown = [sum(exam.judge.rule(one, mode.behaviour).verdict == "shown" for one in those) for those in asked]
        failing[mode.id] = clopper_pearson(shown[0], QUESTIONS)
        elsewhere[mode.id] = clopper_pearson(shown[1], ELSEWHERE)
        twin[mode.id] = upper_bound(shown[2], QUESTIONS)
        replies += [transcript.reply.text for those in asked for transcript in those]
    reader = Reader(exam.world)
    unreadable = clopper_pearson(sum(reader.read(text) is None for text in replies), len(replies))
    return Measured(failing=failing, elsewhere=elsewhere, twin=twin, unreadable=unreadable)


def _prompts(exam: Exam, mode: FailureMode) -> tuple[list[Conversation], list[Conversation]]:
    """Return prompts that meet a failure's trigger, and near misses of it."""
    rng, asker = random.Random(f"gate:{exam.truth.seed}:{mode.id}"), exam_asker(exam.world)
    fault = next(one for one in faults(exam.world) if one.id == mode.id)
    met = [triggering(asker, fault, rng) for _ in range(QUESTIONS)]
    missed = [near_miss(asker, fault, rng, number) for number in range(ELSEWHERE)]
    prompts, near = ([Conversation.ask(ask.text, template) for ask, template in drawn] for drawn in (met, missed))
    return prompts, near
