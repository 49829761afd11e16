"""Placement: find somebody's level with as few questions as can be, 12 at most.

Each next item tells most about the ability so far, drawn from the best few so that not everybody sees the same ones,
from the content that is furthest behind its share. For the knowledge part alone: drills are no items to be skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from drillyard.errors import bad_input, did_you_mean
from drillyard.psychometrics.ability import abilities
from drillyard.psychometrics.bank import Bank
from drillyard.psychometrics.responses import Responses

__all__ = ["MOST_ITEMS", "next_item", "place"]

MOST_ITEMS, SURE = 12, 0.35
"""Ends after so many answers, or below this standard error. Policy."""
_DRAWN_FROM = 5


def next_item(
    bank: Bank, answers: Mapping[str, int], *, seed: int = 0, content: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Return the item to ask next, or None where the placement is over.

    Args:
        bank: the items that may be asked.
        answers: score by item so far.
        seed: decides the draw among the best items; one per person.
        content: subject by item; each subject gets as many items as any other, where it has them.
    """
    mean, deviation = place(bank, answers)
    left = [i for i, name in enumerate(bank.items) if name not in answers]
    if not left or len(answers) >= MOST_ITEMS or (answers and deviation <= SURE):
        return None
    if content:
        asked = [content.get(name, "") for name in answers]
        fewest = min(asked.count(content.get(bank.items[i], "")) for i in left)
        left = [i for i in left if asked.count(content.get(bank.items[i], "")) == fewest]
    told = bank.information(np.array([mean]))[0]
    best = sorted(left, key=lambda i: -told[i])[:_DRAWN_FROM]
    return bank.items[best[int(np.random.default_rng([seed, len(answers)]).integers(len(best)))]]


def place(bank: Bank, answers: Mapping[str, int]) -> tuple[float, float]:
    """Return ability and standard error after some answers.

    Raises:
        BadInput: an item that is not in the bank, or a score that it cannot give.
    """
    scores = np.full((1, len(bank.items)), np.nan)
    for name, score in answers.items():
        if name not in bank.items:
            raise bad_input(f"the item {name!r}", "one of the bank", did_you_mean(name, bank.items))
        at = bank.items.index(name)
        if not 0 <= score <= bank.steps[at] or score != int(score):
            raise bad_input(f"a score of {score!r} on {name!r}", f"a whole number from 0 to {bank.steps[at]}")
        scores[0, at] = score
    mean, deviation = abilities(bank, Responses(items=bank.items, scores=scores, steps=bank.steps))
    return float(mean[0]), float(deviation[0])
