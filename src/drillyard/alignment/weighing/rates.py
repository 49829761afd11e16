"""Pooled rates of every technique at every strength, with the luck of questions and of seeds in the interval."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.alignment.weighing.sheet import ArmSheet, Key, Part
from drillyard.records import Estimate, Record
from drillyard.stats import clopper_pearson, crossed_draws, interval, question_weights, seed_weights
from drillyard.stats.crossed import Draws

__all__ = ["DRAWS", "Drawn", "Rate", "draw", "estimate", "rates_of"]

DRAWS = 4000
"""Draws of a bootstrap: the ends of an interval are then right to about a twentieth of its width."""


class Rate(Record):
    """The share of questions with an outcome of true: good for `capability` and `format`, bad for the others.

    `by_seed` holds the share per training seed among the outcomes that are known (None: none is), in the order of
    `seeds`; `unknown`
    counts outcomes that the judge could not tell.
    """

    technique: str
    strength: float
    metric: str
    split: str
    rate: Estimate
    seeds: tuple[int, ...]
    by_seed: tuple[float | None, ...]
    unknown: int = 0


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What every rate might have been, drawn with the same weights of the questions for all, so that all are paired."""

    sheet: ArmSheet
    draws: Mapping[Key, Mapping[Part, Draws]]

    def less(self, key: Key, other: Key, part: Part) -> Draws:
        """Return the difference of two rates on the same questions."""
        return self.draws[key][part].minus(self.draws[other][part])


def draw(sheet: ArmSheet, seed: int = 1, draws: int = DRAWS) -> Drawn:
    """Draw all rates: questions again per part, training seeds again per technique.

    All strengths of a technique share the draws of their seeds, and so do all its metrics: a lucky seed is lucky in
    everything. Two techniques draw theirs apart.
    """
    questions = {part: question_weights(n, draws, _mixed(seed, *part)) for part, n in sheet.sizes.items()}
    found = {}
    for key, parts in sheet.outcomes.items():
        seeds = seed_weights(len(sheet.arms[key]), draws, _mixed(seed, key[0]))
        found[key] = {part: crossed_draws(matrix, questions[part], seeds) for part, matrix in parts.items()}
    return Drawn(sheet=sheet, draws=found)


def rates_of(drawn: Drawn) -> tuple[Rate, ...]:
    """Return the rate of every metric and split, for every technique at every strength.

    Where all seeds answer alike, or there is only one, the interval is exact over the questions (Clopper and Pearson);
    otherwise both are drawn again (`stats.crossed`).
    """
    return tuple(
        Rate(
            technique=key[0],
            strength=key[1],
            metric=part[0],
            split=part[1],
            rate=estimate(matrix, drawn.draws[key][part]),
            seeds=drawn.sheet.seeds(key),
            by_seed=tuple(_known(row) for row in matrix),
            unknown=int(np.isnan(matrix).sum()),
        )
        for key, parts in drawn.sheet.outcomes.items()
        for part, matrix in parts.items()
    )


def estimate(outcomes: NDArray[np.float64], draws: Draws) -> Estimate:
    """Return a rate with its interval, exact where seeds do not differ."""
    seeds, n = outcomes.shape
    if not np.array_equal(outcomes, np.repeat(outcomes[:1], seeds, axis=0), equal_nan=True):
        return interval(draws, f"bootstrap of {n} questions and {seeds} seeds")
    shown, unknown = int(np.nansum(outcomes[0])), int(np.isnan(outcomes[0]).sum())
    least, most = clopper_pearson(shown, n), clopper_pearson(shown + unknown, n)
    return Estimate(value=draws.value, low=least.low, high=most.high, n=n, method=least.method)


def _known(row: NDArray[np.float64]) -> float | None:
    return None if np.isnan(row).all() else float(np.nanmean(row))


def _mixed(seed: int, *words: str) -> int:
    return zlib.crc32("|".join([str(seed), *words]).encode())
