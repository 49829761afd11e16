"""What an adversary can reach with one question: what it may say, what its reader then gets, and its best choice.

A question with a policy in front of it is a channel: from each thing that an adversary may plausibly say, or its
silence, to the answers of the question's type, or none. What it may say is searched whole. Of probabilities it is
enough to try those between which noise and rounding only mix (`turning_points`), of days and options all; no other
alphabet, spacing, share of symbols or repetition carries more than the channel's capacity, and some code comes as near
as one likes (Shannon). What is leant is leant to where it moves most.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.adversaries.adversary import Adversary
from drillyard.containment.adversaries.case import AskedQuestion
from drillyard.containment.channels.capacity import Use
from drillyard.containment.channels.noise import law, turning_points
from drillyard.containment.forecasting.response import brier_linear
from drillyard.containment.gateway.answers import settle
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import points_of, step_of

__all__ = ["Outlet", "aim_report", "best_lean", "direction", "list_plausible", "read_truth", "show_answers"]

Array = NDArray[np.float64]

_YEAR = 365
"""Days within which an answer that nobody can check may lie; in a checkable one, those of a slack of 1."""


class Outlet(NamedTuple):
    """A channel: `said`, shape (inputs,), nan for silence; `values`, shape (outcomes,); `rows`, (inputs, outcomes).

    What is left to 1 of a row is the chance that nothing is released.
    """

    said: Array
    values: Array
    rows: Array

    def use(self, withholds: float) -> Use:
        """Return the whole channel, no release as its last column, in which silence may be used so seldom.

        Rows that are equal stand there once (what is said is in order, so they are neighbours); empty columns do not.
        """
        whole = np.round(np.hstack([self.rows, np.maximum(0.0, 1 - self.rows.sum(axis=1, keepdims=True))]), 12)
        apart = np.append(True, (np.diff(whole, axis=0) != 0).any(axis=1))
        channel = whole[np.ix_(apart, whole.any(axis=0))]
        quiet = len(channel) - 1 if np.isnan(self.said[-1]) and apart[-1] else -1
        return Use(channel, quiet, withholds if quiet >= 0 else 1.0)


def read_truth(asked: AskedQuestion) -> float:
    """Return what an honest forecaster says, as the number that the gateway reads."""
    kind = asked.question.kind
    if kind == "grid":
        return asked.chance
    if kind == "date":
        return float(asked.day)
    return float(asked.chance > 0.5) if kind == "binary" else float(np.argmax(asked.shares))


def show_answers(asked: AskedQuestion, said: Array, corrupt: float, policy: GatewayPolicy) -> Outlet:
    """Return what a reader gets of each thing that those copies say which take part; the others answer truly."""
    question, true = asked.question, read_truth(asked)
    said = np.where((question.kind == "date") & (said > policy.max_days), np.nan, said)
    step, last = step_of(question, policy), points_of(question, policy) - 1
    noise = policy.dither if question.kind in ("grid", "date") else 0.0
    heard = np.append(said[np.isfinite(said)], true) / step
    base = max(0, int(heard.min() - noise) - 2)  # no answer lies outside this window
    top = min(last, int(heard.max() + noise) + 2)
    rows = np.zeros((len(said), top - base + 1))
    for many, share in _taking_part(policy.runs, corrupt):
        copies = np.full((len(said), policy.runs), true)
        copies[:, :many] = said[:, None]
        agreed = settle(question.kind, copies, policy)
        there = np.isfinite(agreed)
        rows[there] += share * law(agreed[there] / step - base, top - base + 1, noise)
    values = np.asarray((base + np.arange(top - base + 1)) * step, dtype=float)
    return Outlet(said, values, (1 - policy.erasure) * rows)


@cache
def _taking_part(runs: int, corrupt: float) -> tuple[tuple[int, float], ...]:
    """Return how many copies may take part, each with its chance."""
    chances = ((many, comb(runs, many) * corrupt**many * (1 - corrupt) ** (runs - many)) for many in range(runs + 1))
    return tuple((many, chance) for many, chance in chances if chance)


def list_plausible(asked: AskedQuestion, adversary: Adversary, policy: GatewayPolicy) -> Array:
    """Return all that an adversary need try to say of a question, in order, silence last; nobody checks a filler's."""
    kind, true = asked.question.kind, read_truth(asked)
    slack = adversary.slack if asked.checkable or not adversary.slack else 1.0
    found = np.array([true])
    if slack and kind == "grid":
        found = _between(asked.chance - slack, asked.chance + slack, true, policy)
    elif slack and kind == "date":
        low, high = (asked.day - slack * _YEAR, asked.day + slack * _YEAR) if asked.checkable else (0, _YEAR)
        found = np.arange(max(0, round(low)), round(high) + 1.0)
    elif kind == "binary" and abs(asked.chance - 0.5) <= slack:
        found = np.array([0.0, 1.0])
    elif slack and kind == "category":
        shares = np.array(asked.shares)
        found = np.flatnonzero(shares >= shares.max() - slack).astype(float)
    silence = [np.nan] * (adversary.withholds > 0)
    return np.concatenate([np.unique(np.append(found, true)), silence])


def best_lean(asked: AskedQuestion, adversary: Adversary, policy: GatewayPolicy) -> tuple[float, float]:
    """Return what an adversary says of a question that is acted on, and how far that moves the reader's answer.

    Towards its goal, and beside what an honest forecaster's answer is on average; between the truth and as far as it
    may lean it says what moves most. A score seeker says what it expects the best score of.
    """
    aim, way = aim_report(asked, adversary), direction(asked, adversary)
    true = read_truth(asked)
    if asked.question.kind == "binary":
        said = np.array([0.0, 1.0]) if adversary.seeks_score or (aim > 0.5) != (true > 0.5) else np.array([true])
    elif adversary.seeks_score:
        said = _between(0.0, 1.0, true, policy)
    else:
        said = _between(min(aim, true), max(aim, true), true, policy)
    said = np.concatenate([[true], said[said != true]])
    found = show_answers(asked, said, adversary.corrupt, policy)
    moved = way * (found.rows * (found.values - asked.chance)).sum(axis=1)
    best = int(np.argmax(_scores(asked, found) if adversary.seeks_score else moved))
    honest = show_answers(asked, said[:1], 0.0, policy)
    usual = way * float((honest.rows[0] * (honest.values - asked.chance)).sum())
    return float(said[best]), float(moved[best]) - usual


def aim_report(asked: AskedQuestion, adversary: Adversary) -> float:
    """Return how far an adversary would go with nothing in its way."""
    if adversary.seeks_score:
        return float(brier_linear((1 - asked.influence) * asked.chance, asked.influence))
    return asked.chance + adversary.steers * ((asked.push > 0) - asked.chance)


def direction(asked: AskedQuestion, adversary: Adversary) -> int:
    """Return where an adversary wants the outcome: 1 up, -1 down, 0 where it does not care."""
    wanted = aim_report(asked, adversary) - asked.chance if adversary.seeks_score else float(asked.push)
    return int(np.sign(wanted))


def _scores(asked: AskedQuestion, found: Outlet) -> Array:
    """Return the expected Brier score of each thing said, when readers react to what they get."""
    happens = asked.chance + asked.influence * (found.values - asked.chance)
    score = -(happens * (1 - found.values) ** 2 + (1 - happens) * found.values**2)
    return np.asarray((found.rows * score).sum(axis=1), dtype=float)


def _between(low: float, high: float, true: float, policy: GatewayPolicy) -> Array:
    """Return the probabilities from low to high that need be tried: where noise, rounding or the spread turn."""
    low, high, steps = max(0.0, low), min(1.0, high), policy.grid_points - 1
    turns = turning_points(low * steps, high * steps, policy.dither) / steps
    edges = np.array([true - policy.spread, true + policy.spread])
    return np.concatenate([turns, edges[(edges >= low) & (edges <= high)]])
