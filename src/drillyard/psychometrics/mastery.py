"""Mastery: is somebody's ability above a cut, when passing wrongly and failing wrongly cost differently?"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import special

from drillyard.psychometrics.ability import posterior
from drillyard.psychometrics.bank import NODES, Bank
from drillyard.psychometrics.responses import Responses
from drillyard.records import Record

__all__ = ["DEFAULT_COSTS", "Costs", "Mastery", "decide_mastery"]


class Costs(Record):
    """Costs in answers: what passing somebody below the cut costs, failing somebody above it, and one more answer is 1.

    Deciding wrongly is worth as many further answers as its cost. Policy of who sets the cut.
    """

    false_pass: float = Field(default=100.0, gt=0)
    false_fail: float = Field(default=50.0, gt=0)
    patience: float = Field(default=5.0, gt=0)
    """Expected cost of deciding now, in answers, above which more are asked for."""


class Mastery(Record):
    """`above`: the chance that the ability is at the cut or above; `needed`: how many more answers would decide."""

    verdict: Literal["pass", "not-yet", "insufficient-evidence"]
    above: float
    answers: int
    needed: int
    words: str


DEFAULT_COSTS = Costs()


def decide_mastery(
    bank: Bank, responses: Responses, cut: float, costs: Costs = DEFAULT_COSTS, person: int = 0
) -> Mastery:
    """Decide on one person by the expected cost of each error, or say that the evidence decides nothing.

    Without answers nothing is ever decided, whatever the cohort is like.
    """
    post = posterior(bank, responses)[person]
    above = 1 - float(np.interp(cut, NODES + (NODES[1] - NODES[0]) / 2, post.cumsum()))
    answers = int(responses.asked[person].sum())
    passing, failing = (1 - above) * costs.false_pass, above * costs.false_fail
    if answers and min(passing, failing) <= costs.patience:
        passed = passing <= failing
        words = f"{100 * above:.0f} % sure that the ability is at the cut or above, from {answers} answers"
        return Mastery(verdict="pass" if passed else "not-yet", above=above, answers=answers, needed=0, words=words)
    needed = _needed(bank, post @ NODES, float(post @ NODES**2 - (post @ NODES) ** 2), cut, costs)
    words = f"not enough evidence, about {needed} more answers needed"
    return Mastery(verdict="insufficient-evidence", above=above, answers=answers, needed=needed, words=words)


def _needed(bank: Bank, mean: float, variance: float, cut: float, costs: Costs) -> int:
    """Return after how many more answers a person this far from the cut would be decided on; 200 at most."""
    wrong = costs.patience / (costs.false_pass if mean >= cut else costs.false_fail)
    distance = max(abs(mean - cut), 0.1)
    wanted = (distance / max(-float(special.ndtri(min(wrong, 0.4))), 0.25)) ** 2
    each = float(bank.information(np.array([cut])).mean())
    if each <= 0:
        return 200
    return int(np.clip(math.ceil((1 / wanted - 1 / max(variance, 1e-6)) / each), 1, 200))
