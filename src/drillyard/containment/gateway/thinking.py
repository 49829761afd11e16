"""What the forecaster is asked to do for one question: its episodes, the one answer of them all, the monitors."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from drillyard.containment.gateway.answers import agree
from drillyard.containment.gateway.forecasters import Forecaster, episodes
from drillyard.containment.gateway.monitors import AnswerMonitor, find_stop, length_monitor
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.sealing import Sealed

__all__ = ["Thought", "think"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Thought:
    """A sealed answer, empty where the runs did not agree; how many of them parsed; why a monitor stopped it."""

    sealed: Sealed
    parsed: int
    reason: str


def think(
    question: Question,
    policy: GatewayPolicy,
    make: Callable[[], Forecaster],
    monitors: Sequence[AnswerMonitor],
    entropy: Callable[[int], bytes],
    today: date,
) -> Thought:
    """Ask a fresh forecaster for each run, agree and seal; `today` is the day on which the question was admitted."""
    raws = episodes(make, question, [int.from_bytes(entropy(4), "big") for _ in range(policy.runs)])
    found = agree(question, raws, policy, today, random.Random(entropy(16)))
    reason = find_stop((length_monitor(policy), *monitors), question, raws, found.answer)
    sealed = Sealed(question=question, answer=found.answer, salt=entropy(16).hex())
    return Thought(sealed=sealed, parsed=found.parsed, reason=reason)
