"""Bayesian knowledge tracing: how likely a skill is known, after each answer to a task that needs it.

A hidden Markov model (Corbett and Anderson 1995) without forgetting. Guess and slip stay below one half, or "known" and
"unknown" could change places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from drillyard.errors import bad_input

__all__ = ["Skill", "fit_skill"]

Floats = NDArray[np.float64]
_EDGE, _FEWEST = 1e-3, 20
_STARTS = ((0.3, 0.1, 0.2, 0.1), (0.6, 0.3, 0.1, 0.2), (0.1, 0.05, 0.3, 0.05))


@dataclass(frozen=True, kw_only=True)
class Skill:
    """Chances that it is `known` before the first task, is learned on one, is guessed, is slipped."""

    known: float
    learn: float
    guess: float
    slip: float

    def __post_init__(self) -> None:
        inside = all(0 <= one <= 1 for one in (self.known, self.learn))
        if not inside or not (0 <= self.guess < 0.5 and 0 <= self.slip < 0.5):
            raise bad_input(f"{self}", "chances from 0 to 1, guess and slip below 0.5")

    def right(self, known: float) -> float:
        """Return the chance of a right answer where the skill is known with that chance."""
        return known * (1 - self.slip) + (1 - known) * self.guess

    def after(self, known: float, right: bool) -> float:
        """Return the chance that the skill is known after an answer, and after what was learned from the task."""
        chance = self.right(known)
        if right:
            held = known * (1 - self.slip) / chance if chance else known
        else:
            held = known * self.slip / (1 - chance) if chance < 1 else known
        return held + (1 - held) * self.learn

    def trace(self, answers: Sequence[bool]) -> list[float]:
        """Return the chance that the skill is known before the first answer and after each."""
        traced = [self.known]
        for right in answers:
            traced.append(self.after(traced[-1], right))
        return traced


def fit_skill(answers: Sequence[Sequence[bool]]) -> Skill | None:
    """Return the skill that makes the answers of many people most likely; None below 20 people with two answers.

    Each row is one person's answers in their order.
    """
    rows = [row for row in answers if len(row) >= 2]
    if len(rows) < _FEWEST:
        return None
    table = np.full((len(rows), max(map(len, rows))), np.nan)
    for place, row in zip(table, rows, strict=True):
        place[: len(row)] = row
    bounds = [(_EDGE, 1 - _EDGE)] * 2 + [(_EDGE, 0.5 - _EDGE)] * 2
    fits = [optimize.minimize(_loss, start, args=(table,), bounds=bounds, method="L-BFGS-B") for start in _STARTS]
    known, learn, guess, slip = map(float, min(fits, key=lambda one: float(one.fun)).x)
    return Skill(known=known, learn=learn, guess=guess, slip=slip)


def _loss(at: Floats, table: Floats) -> float:
    """Return the negative log-likelihood, by the forward recursion over all people at once."""
    first, learn, guess, slip = at
    known, total = np.full(len(table), first), 0.0
    for column in table.T:
        there, right = ~np.isnan(column), column == 1
        chance = known * (1 - slip) + (1 - known) * guess
        likely = np.where(right, chance, 1 - chance)
        total -= float(np.log(likely[there]).sum())
        held = known * np.where(right, 1 - slip, slip) / likely
        known = np.where(there, held + (1 - held) * learn, known)
    return total
