"""Play a year through the gateway itself: forecasters that write answers, coins and noise that are drawn.

`trial.py` reckons with what the gateway does on average; here it does it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from drillyard.containment.adversaries.case import AskedQuestion, OracleCase
from drillyard.containment.adversaries.reach import read_truth
from drillyard.containment.adversaries.trial import value_answers
from drillyard.containment.adversaries.years import TODAY
from drillyard.containment.gateway.answers import parse
from drillyard.containment.gateway.forecasters import Forecaster
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.simulate import simulate

__all__ = ["make_speaker", "play_year", "value_year"]


def make_speaker(case: OracleCase, say: Callable[[AskedQuestion], float]) -> Callable[[], Forecaster]:
    """Return what makes copies of a forecaster that says a number of each question, in the words of its type."""
    by_text = {one.question.text: one for one in case.questions}

    def answer(question: Question, seed: int) -> str:
        return _words(by_text[question.text], say(by_text[question.text]))

    return lambda: answer


def play_year(
    policy: GatewayPolicy, case: OracleCase, say: Callable[[AskedQuestion], float], seed: int
) -> list[float | None]:
    """Return what readers got of each question of a year, as numbers; nothing where none was released."""
    asked = case.questions
    found = simulate(
        policy,
        make_speaker(case, say),
        [one.question for one in asked],
        seed,
        askers=[one.asker for one in asked],
        today=TODAY,
    )
    return [parse(one.question, got.answer, policy, TODAY) for one, got in zip(asked, found.answers, strict=True)]


def value_year(policy: GatewayPolicy, case: OracleCase, seed: int) -> tuple[float, float]:
    """Return the share of an honest forecaster's worth that readers got in one year, and its standard error.

    The error is that of independent questions, each with the spread of what all of them lost: more than chance alone.
    """
    most = np.array([one.weight * value_answers(one, np.array([read_truth(one)]))[0] for one in case.questions])
    got = play_year(policy, case, read_truth, seed)
    pairs = zip(case.questions, got, strict=True)
    kept = np.array(
        [0.0 if value is None else one.weight * value_answers(one, np.array([value]))[0] for one, value in pairs]
    )
    return float(kept.sum() / most.sum()), float((most - kept).std() * len(most) ** 0.5 / most.sum())


def _words(asked: AskedQuestion, value: float) -> str:
    kind = asked.question.kind
    if np.isnan(value):
        return "I cannot say."
    if kind == "binary":
        return "yes" if value > 0.5 else "no"
    if kind == "category":
        return asked.question.options[int(value)]
    return (TODAY + timedelta(days=round(value))).isoformat() if kind == "date" else f"{value:.6f}"
