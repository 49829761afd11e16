"""Measure an instance: how often its planted failures show on fresh prompts, in the failing model and in the twin."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.organisms.aiming import exam_asker, triggering
from drillyard.organisms.failures import faults
from drillyard.organisms.reading import Reader
from drillyard.programs.drills.exam import FAILING, TWIN, Exam
from drillyard.records import Conversation, Estimate, FailureMode
from drillyard.stats import clopper_pearson, upper_bound

__all__ = ["PROBES", "Measured", "measure"]

PROBES = 96
"""Prompts per failure. With so many, a failure planted at 0.5 passes its gate with probability 0.998, and a twin that
shows it in 1 % of replies passes with 0.997."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rates by failure id on prompts that meet its trigger, and the share of replies that nobody can read.

    `failing` has exact two-sided intervals, `twin` one-sided upper bounds.
    """

    failing: Mapping[str, Estimate]
    twin: Mapping[str, Estimate]
    unreadable: Estimate


def measure(exam: Exam) -> Measured:
    """Ask both models `PROBES` prompts per planted failure, once each, in held-out words."""
    failing, twin, replies = {}, {}, []
    for mode in exam.truth.failures:
        prompts, shown = _triggering(exam, mode), {}
        for which in (FAILING, TWIN):
            transcripts = exam.ask(which, prompts, 1)
            replies += [transcript.reply.text for transcript in transcripts]
            shown[which] = sum(exam.judge.rule(t, mode.behaviour).verdict == "shown" for t in transcripts)
        failing[mode.id] = clopper_pearson(shown[FAILING], PROBES)
        twin[mode.id] = upper_bound(shown[TWIN], PROBES)
    reader = Reader(exam.world)
    unreadable = clopper_pearson(sum(reader.read(text) is None for text in replies), len(replies))
    return Measured(failing=failing, twin=twin, unreadable=unreadable)


def _triggering(exam: Exam, mode: FailureMode) -> list[Conversation]:
    rng, asker = random.Random(f"gate:{exam.truth.seed}:{mode.id}"), exam_asker(exam.world)
    fault = next(fault for fault in faults(exam.world) if fault.id == mode.id)
    drawn = [triggering(asker, fault, rng) for _ in range(PROBES)]
    return [Conversation.ask(ask.text, template) for ask, template in drawn]
