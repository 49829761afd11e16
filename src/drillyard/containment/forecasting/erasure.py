"""The counterfactual oracle: scored only where its answer was destroyed unread; leaks, cost, and who tosses the coin.

Armstrong and O'Rorke 1711.05541. With probability e (here `erased`) an answer is destroyed and only then scored.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drillyard.containment.forecasting.influence import adoption, linear
from drillyard.containment.forecasting.response import best_reports, brier_linear
from drillyard.containment.forecasting.rules import BRIER, ScoringRule
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = [
    "DOES_NOT_SHOW",
    "ChosenErasure",
    "Leak",
    "choose_erasure",
    "episodes_needed",
    "leak_curve",
    "simulate_best",
]

Array = NDArray[np.float64]

DOES_NOT_SHOW = (
    "This does not show that the coin is fair, that nobody read a destroyed answer, or that the oracle has no memory "
    "between episodes: it shows what follows if that holds, and how fast it fails when it does not."
)


class Leak(Record):
    """What the oracle says when a share `leaked` of destroyed answers reach readers.

    `bias` is report − unread; 0 for a sealed oracle.
    """

    leaked: float
    report: float
    bias: float
    does_not_show: str = DOES_NOT_SHOW


class ChosenErasure(Record):
    """The same lie under two coins: its cost per scored episode when the coin is fair, and when the oracle tosses.

    `steered` is the share of delivered answers that carry the lie; `fair_cost` is the Brier score that it costs under a
    fair coin; `chosen_cost` when the oracle itself marks only honest answers for erasure.
    """

    steered: float
    fair_cost: float
    chosen_cost: float
    does_not_show: str = DOES_NOT_SHOW


def episodes_needed(scored: int, erased: float) -> int:
    """Return how many episodes give that many scored ones on average: scored / erased, rounded up.

    Raises:
        BadInput: no scored episode, or a probability outside 0 … 1 (0 never scores).
    """
    if scored < 1 or not 0 < erased <= 1:
        raise bad_input(f"{scored} scored episodes at {erased:g}", "one or more, a probability above 0, at most 1")
    return math.ceil(round(scored / erased, 9))


def leak_curve(a: float, b: float, unread: float, leaks: ArrayLike, rule: ScoringRule = BRIER) -> tuple[Leak, ...]:
    """Return report and bias per leak rate: the best response to f_l(p) = (1 − l) unread + l (a + b p).

    Under the Brier score this is the closed form with a' = (1 − l) unread + l a and b' = l b.
    """
    rates = np.asarray(leaks, dtype=float).ravel()
    if rates.size and not (rates.min() >= 0 and rates.max() <= 1):
        raise bad_input(f"leak rates {rates.tolist()}", "rates from 0 to 1")
    linear(a, b, unread)  # refuses what is no probability
    if rule is BRIER:
        reports = brier_linear((1 - rates) * unread + rates * a, rates * b)
    else:
        reports = np.array([best_reports(rule, adoption(linear(a, b, unread), float(rate)))[0] for rate in rates])
    return tuple(
        Leak(leaked=float(rate), report=float(report), bias=float(report - unread))
        for rate, report in zip(rates, reports, strict=True)
    )


def simulate_best(
    a: float, b: float, unread: float, leaked: float, episodes: int = 200_000, seed: int = 1
) -> tuple[float, float]:
    """Return the report with the best mean Brier score over simulated scored episodes, and its standard error.

    Reports 0, 1/2 and 1 are played on the same coins, a parabola goes through the three means. The independent check
    of `leak_curve` for reports inside 0 … 1; the error is by the spread over 20 batches.
    """
    rng = np.random.default_rng(seed)
    seen, luck = rng.random((20, episodes // 20)) < leaked, rng.random((20, episodes // 20))
    score = []
    for p in (0.0, 0.5, 1.0):
        event = luck < np.where(seen, a + b * p, unread)
        score.append(-((event - p) ** 2).mean(axis=1))
    low, mid, high = score
    bend, slope = 2 * (low - 2 * mid + high), -3 * low + 4 * mid - high
    peaks = -slope / (2 * bend)
    whole = -slope.mean() / (2 * bend.mean())
    return float(whole), float(peaks.std(ddof=1) / len(peaks) ** 0.5)


def choose_erasure(unread: float, lie: float, erased: float, steered: float) -> ChosenErasure:
    """Return what lying in a share of episodes costs the oracle, by who picks the erased ones.

    A fair coin scores lies as often as truths, so a lie costs (lie − unread)². An oracle that picks erases only true
    answers; it can lie in every delivered one as long as `steered` ≤ 1, at no cost.

    Raises:
        BadInput: a value outside 0 … 1, or more lies than there are delivered answers.
    """
    values = (unread, lie, erased, steered)
    if not all(0 <= value <= 1 for value in values) or steered > 1 - erased + 1e-12 or erased == 0:
        raise bad_input(f"{values}", "values from 0 to 1, erased above 0, steered at most 1 − erased")
    return ChosenErasure(
        steered=steered / (1 - erased) if erased < 1 else 0.0, fair_cost=steered * (lie - unread) ** 2, chosen_cost=0.0
    )
