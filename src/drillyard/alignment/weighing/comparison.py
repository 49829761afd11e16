"""Paired tests: two techniques on the same questions, and the whole family of such tests read together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.alignment.weighing.rates import Drawn
from drillyard.alignment.weighing.sheet import LOST, Key, Part
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record
from drillyard.stats import dependent, holm, interval, mcnemar

__all__ = ["ALPHA", "Comparison", "compare"]

ALPHA = 0.05
"""Below it, after Holm's correction, a difference is called real."""


class Comparison(Record):
    """Two techniques, each at one strength, on the same questions.

    `difference` is the rate of `first` minus that of `second`, with questions and training seeds drawn again.
    `p_by_seed` are McNemar's exact p-values, one per pair of seeds; `p` is one for all: itself for a single pair, twice
    the mean for several, which holds however the seeds depend on each other; `p_holm` is that within the whole family.
    Pairs with an unknown outcome (`unknown`) count for the side that is behind. `better` names the technique that is
    better by `p_holm`; empty where that is undecided.
    """

    metric: str
    split: str
    first: str
    first_strength: float
    second: str
    second_strength: float
    difference: Estimate
    p_by_seed: tuple[float, ...]
    p: float
    p_holm: float
    unknown: int = 0
    better: str = ""


def compare(drawn: Drawn, keys: Sequence[Key], parts: Sequence[Part]) -> tuple[Comparison, ...]:
    """Compare every two of some techniques in every part of the exam; all tests together are one family (Holm).

    Seeds are matched in ascending order; a technique with fewer seeds (the start has one) meets those of the other
    again. The tests speak of the models that were trained; the interval of the difference also of other seeds. Where
    the strengths were chosen on the same questions, p-values are too small by what that choice gained.

    Raises:
        BadInput: a technique, strength or part that was not measured.
    """
    for key in keys:
        if key not in drawn.draws:
            raise bad_input(f"{key[0]} at {key[1]:g}", "a technique and strength that an arm has")
    for part in parts:
        if part not in drawn.sheet.sizes:
            raise bad_input(f"metric {part[0]!r} of split {part[1]!r}", "one that the exam has")
    raw = [_one(drawn, one, other, part) for part in parts for one, other in itertools.combinations(keys, 2)]
    adjusted = holm([found.p for found in raw])
    return tuple(_read(found, p) for found, p in zip(raw, adjusted, strict=True))


def _one(drawn: Drawn, first: Key, second: Key, part: Part) -> Comparison:
    one, other = (drawn.sheet.outcomes[key][part] for key in (first, second))
    pairs = [_discordant(one[i % len(one)], other[i % len(other)]) for i in range(max(len(one), len(other)))]
    p_by_seed = tuple(_cautious(*pair) for pair in pairs)
    return Comparison(
        metric=part[0],
        split=part[1],
        first=first[0],
        first_strength=first[1],
        second=second[0],
        second_strength=second[1],
        difference=interval(drawn.less(first, second, part), "paired bootstrap"),
        p_by_seed=p_by_seed,
        p=dependent(p_by_seed),
        p_holm=1.0,
        unknown=sum(pair[2] for pair in pairs),
    )


def _discordant(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return how many questions only the first, only the second, and who knows which of them shows."""
    return (
        int(((one == 1) & (other == 0)).sum()),
        int(((one == 0) & (other == 1)).sum()),
        int(np.isnan(one + other).sum()),
    )


def _cautious(first: int, second: int, unknown: int) -> float:
    """Return McNemar's p-value with unknown pairs on the side that is behind, up to a draw."""
    fewer, more = sorted((first, second))
    return mcnemar(min(more, fewer + unknown), more)


def _read(found: Comparison, p_holm: float) -> Comparison:
    if p_holm > ALPHA or not found.difference.value:
        return found.model_copy(update={"p_holm": p_holm})
    ahead = (found.difference.value > 0) == (found.metric in LOST)
    return found.model_copy(update={"p_holm": p_holm, "better": found.first if ahead else found.second})
