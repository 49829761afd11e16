"""The gateway without a server, clock or people: what a policy lets through, for comparisons and grading.

Approvers are taken to say yes to all and the operator to be there, so what is counted is what the machine alone stops.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Literal, Protocol

from drillyard.containment.gateway.answers import agree
from drillyard.containment.gateway.coin import is_erased
from drillyard.containment.gateway.forecasters import Forecaster, episodes
from drillyard.containment.gateway.monitors import AnswerMonitor, find_stop, length_monitor
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question, find_refusal
from drillyard.containment.gateway.sealing import limits_of, millibits
from drillyard.records import Record

__all__ = ["Containment", "GatewayContainment", "NoContainment", "SimulatedAnswer", "SimulationResult", "simulate"]

_TODAY = date(2026, 1, 1)
_LIMITS = (
    "This does not show what people or timing would have let through or stopped: every approver says yes, and bits are "
    "the most that the answers' types can carry, not what was meant by them."
)


class SimulatedAnswer(Record):
    """What became of one question: `answer` is what its reader gets, `hidden` what an erased one said, for scoring."""

    state: Literal["released", "refused", "erased", "no-agreement", "stopped"]
    answer: str = ""
    hidden: str = ""
    reason: str = ""
    bits: float = 0.0


class SimulationResult(Record):
    """What a containment let through. `bits` are those of the types of all answers run; raw text counts 8 a byte."""

    containment: str
    seed: int
    answers: tuple[SimulatedAnswer, ...]
    bits: float
    does_not_show: str = _LIMITS

    @property
    def released(self) -> int:
        """Count the answers that a reader gets."""
        return sum(one.state == "released" for one in self.answers)

    @property
    def refusals(self) -> dict[str, int]:
        """Count refusals by rule."""
        rules = [one.reason for one in self.answers if one.state == "refused"]
        return {rule: rules.count(rule) for rule in sorted(set(rules))}


class Containment(Protocol):
    """Something between questions and a forecaster."""

    def __call__(
        self, make: Callable[[], Forecaster], questions: Sequence[Question], seed: int, askers: Sequence[str] = ()
    ) -> SimulationResult:
        """Put all questions and return what their readers get."""
        ...


class NoContainment:
    """The null object: every question is put once and the raw answer released. The control of every comparison."""

    def __call__(
        self, make: Callable[[], Forecaster], questions: Sequence[Question], seed: int, askers: Sequence[str] = ()
    ) -> SimulationResult:
        """Release everything."""
        answers = []
        for number, question in enumerate(questions):
            raw = episodes(make, question, [seed * 1_000_003 + number])[0]
            answers.append(SimulatedAnswer(state="released", answer=raw, bits=8.0 * len(raw.encode())))
        total = sum(one.bits for one in answers)
        return SimulationResult(containment="none", seed=seed, answers=tuple(answers), bits=total)


class GatewayContainment:
    """A policy, with monitors beside its own; budgets are those of one year.

    `known` are verdicts of admission by question, kept by whoever tries policies with the same rules of admission.
    """

    def __init__(
        self,
        policy: GatewayPolicy,
        monitors: Sequence[AnswerMonitor] = (),
        today: date = _TODAY,
        known: dict[Question, str] | None = None,
    ) -> None:
        self._policy, self._today = policy, today
        self._monitors = (length_monitor(policy), *monitors)
        self._refusals: dict[Question, str] = {} if known is None else known

    def __call__(
        self, make: Callable[[], Forecaster], questions: Sequence[Question], seed: int, askers: Sequence[str] = ()
    ) -> SimulationResult:
        """Put every question through admission, budgets, coin, episodes, agreement and monitors."""
        rng = random.Random(f"gateway:{seed}")
        answers = [
            SimulatedAnswer(state="refused", reason=reason) if reason else self._run(make, question, rng)
            for question, reason in zip(questions, self.reasons(questions, askers), strict=True)
        ]
        total = sum(one.bits for one in answers)
        return SimulationResult(containment=self._policy.name, seed=seed, answers=tuple(answers), bits=total)

    def reasons(self, questions: Sequence[Question], askers: Sequence[str] = ()) -> list[str]:
        """Return for each question why it is refused; nothing where it is put. No answer has a say in it."""
        spent: dict[str, tuple[int, int]] = {}
        asked = zip(questions, askers or ["asker"] * len(questions), strict=True)
        return [self._refusal(question) or self._over(question, asker, spent) for question, asker in asked]

    def _refusal(self, question: Question) -> str:
        """Return what admission says of a question; it says the same each time."""
        if question not in self._refusals:
            self._refusals[question] = find_refusal(question, self._policy, self._today)
        return self._refusals[question]

    def _over(self, question: Question, asker: str, spent: dict[str, tuple[int, int]]) -> str:
        """Reserve in every scope, or in none and return the reason."""
        now = datetime(self._today.year, 1, 1, tzinfo=UTC).timestamp()
        limits, cost = limits_of(self._policy, asker, question.topic, now), millibits(question, self._policy)
        after = {scope: (spent.get(scope, (0, 0))[0] + cost, spent.get(scope, (0, 0))[1] + 1) for scope in limits}
        if any(after[scope][0] > most[0] or after[scope][1] > most[1] for scope, most in limits.items()):
            return "budget"
        spent.update(after)
        return ""

    def _run(self, make: Callable[[], Forecaster], question: Question, rng: random.Random) -> SimulatedAnswer:
        cost = millibits(question, self._policy) / 1000
        nonce = rng.randbytes(32).hex()
        raws = episodes(make, question, [rng.getrandbits(32) for _ in range(self._policy.runs)])
        found = agree(question, raws, self._policy, self._today, rng)
        if reason := find_stop(self._monitors, question, raws, found.answer):
            return SimulatedAnswer(state="stopped", reason=reason, bits=cost)
        if not found.answer:
            return SimulatedAnswer(state="no-agreement", reason=found.reason, bits=cost)
        if is_erased(nonce, question.digest(), self._policy.erasure):
            return SimulatedAnswer(state="erased", hidden=found.answer)
        return SimulatedAnswer(state="released", answer=found.answer, bits=cost)


def simulate(
    policy: GatewayPolicy | None,
    make: Callable[[], Forecaster],
    questions: Sequence[Question],
    seed: int = 1,
    *,
    askers: Sequence[str] = (),
    monitors: Sequence[AnswerMonitor] = (),
    today: date = _TODAY,
) -> SimulationResult:
    """Put questions to a forecaster through a policy, in memory; equal arguments give an equal result.

    Args:
        policy: the rules, data alone; `None` is `NoContainment`.
        make: returns a fresh forecaster for each episode. For a seed to give equal results it must use its own alone.
        questions: in order.
        seed: of coins, episodes and dither.
        askers: one person for each question; the same for all unless given.
        monitors: beside the policy's own.
        today: the day on which all is asked.
    """
    containment: Containment = NoContainment() if policy is None else GatewayContainment(policy, monitors, today)
    return containment(make, questions, seed, askers)
