"""What a technique inside a model learns from: which pairs the model gets wrong, and its states where replies part.

A pair's *parting* is the last token before its two replies differ: there the model decides between them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.alignment.base import Lesson, Progress
from drillyard.alignment.inside.edit import Edit
from drillyard.alignment.inside.insides import Ids, Insides
from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats
from drillyard.records import Preference

__all__ = ["EditValidation", "Readings", "Spelled", "read_lesson"]

_MOST, _VALIDATION = 600, 120
"""Pairs that are read, and those among them that only choose between edits."""
_SCREENED, _FINALISTS = 36, 4
_DOZEN = 12
"""Probabilities of replies are taken per so many tokens, or long ones would all be near zero. Chosen."""

_FEWEST = 8
"""Pairs per part of a lesson below which a direction is mostly noise: chosen, not measured."""

_ELSEWHERE = 12  # tokens of each text that are kept beside its parting
_WRONG_CATEGORY = 0.7  # of a category's pairs got wrong, above which all of them count as such


@dataclass(frozen=True, kw_only=True)
class Spelled:
    """A pair as tokens; `parting` is how many tokens its replies have in common, `family` its category's first word."""

    pair: Preference
    prompt: Ids
    chosen: Ids
    rejected: Ids
    parting: int

    @property
    def family(self) -> str:
        """The sort of request: harmful, lookalike, ordinary or another."""
        return self.pair.category.partition(":")[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """States of the pairs that a technique learns from.

    Args:
        pairs: what was read.
        wrong: (pairs,) whether the model prefers the rejected reply, by itself or as in most of the category.
        partings: (pairs, layers, width) where the replies part.
        chosen: (pairs, layers, width) mean state while it reads the chosen reply, from the parting on.
        rejected: the same of the rejected one.
        elsewhere: (tokens, layers, width) states of other tokens, of prompts and chosen replies.
        tokens: how many went through the model.
    """

    pairs: tuple[Spelled, ...]
    wrong: NDArray[np.bool_]
    partings: Floats
    chosen: Floats
    rejected: Floats
    elsewhere: Floats
    tokens: int

    @property
    def bytes(self) -> int:
        """Memory that the states take."""
        return sum(array.nbytes for array in (self.partings, self.chosen, self.rejected, self.elsewhere))


class EditValidation:
    """Pairs that choose between edits, none of which a direction was learned from, and none of an exam.

    An edit's worth is the mean over families of request of [probability of the chosen reply, per dozen tokens where it
    is longer] × [probability that it is preferred to the rejected one]. A model that forgets how to speak is worth as
    little as one that errs.
    """

    def __init__(self, insides: Insides, pairs: Sequence[Spelled]) -> None:
        self._insides, self._pairs = insides, pairs
        self.tokens = 0

    def best(self, proposals: Sequence[Sequence[Edit]]) -> int:
        """Return the place of the best edits: a few pairs choose the best four, all of them choose between these."""
        first = [self.worth(edits, _SCREENED) for edits in proposals]
        few = sorted(range(len(first)), key=lambda i: -first[i])[:_FINALISTS]
        return max(few, key=lambda i: self.worth(proposals[i]))

    def worth(self, edits: Sequence[Edit], most: int | None = None) -> float:
        """Return how good the model is under edits, from 0 to 1; on the first `most` pairs, in which families mix."""
        insides, pairs = self._insides, self._pairs[:most]
        prompts = [one.prompt for one in pairs]
        replies = [one.chosen for one in pairs] + [one.rejected for one in pairs]
        scores = np.array(insides.scores(prompts * 2, replies, edits))
        chosen, rejected = scores[: len(pairs)], scores[len(pairs) :]
        self.tokens += sum(2 * len(one.prompt) + len(one.chosen) + len(one.rejected) for one in pairs)
        lengths = np.array([max(1.0, len(one.chosen) / _DOZEN) for one in pairs])
        each = np.exp(chosen / lengths) / (1 + np.exp(np.clip(rejected - chosen, -50, 50)))
        families = np.array([one.family for one in pairs])
        return float(np.mean([each[families == family].mean() for family in sorted(set(families))]))


def read_lesson(insides: Insides, lesson: Lesson, seed: int, told: Progress) -> tuple[Readings, EditValidation]:
    """Read a lesson's pairs, and keep some back for validation.

    Raises:
        BadInput: too few pairs.
    """
    pairs = _balanced(lesson.preferences, random.Random(f"inside:{seed}"))
    if len(pairs) < 4 * _FEWEST:
        raise bad_input(f"a lesson of {len(pairs)} preferences", f"at least {4 * _FEWEST}")
    spelled = [_spell(insides, pair) for pair in pairs]
    back = min(_VALIDATION, len(spelled) // 4)
    learned = spelled[back:]
    wrong, tokens = _errors(insides, learned)
    return _read(insides, learned, wrong, tokens, random.Random(seed), told), EditValidation(insides, spelled[:back])


def _balanced(pairs: Sequence[Preference], rng: random.Random) -> list[Preference]:
    """Draw pairs, as many of each family as there are, up to a limit; families alternate."""
    families: dict[str, list[Preference]] = {}
    for pair in rng.sample(list(pairs), len(pairs)):
        families.setdefault(pair.category.partition(":")[0], []).append(pair)
    longest = max((len(some) for some in families.values()), default=0)
    turns = [some[i] for i in range(longest) for _, some in sorted(families.items()) if i < len(some)]
    return turns[:_MOST]


def _spell(insides: Insides, pair: Preference) -> Spelled:
    prompt, chosen, rejected = insides.spell(pair)
    parting = next(i for i, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b)
    return Spelled(pair=pair, prompt=prompt, chosen=chosen, rejected=rejected, parting=parting)


def _errors(insides: Insides, pairs: Sequence[Spelled]) -> tuple[NDArray[np.bool_], int]:
    """Return which pairs the model gets wrong, and how many tokens it took to see it."""
    prompts = [one.prompt for one in pairs]
    chosen = insides.scores(prompts, [one.chosen for one in pairs])
    rejected = insides.scores(prompts, [one.rejected for one in pairs])
    wrong = np.array(chosen) < np.array(rejected)
    categories = np.array([one.pair.category for one in pairs])
    for category in {*categories} - {""}:
        if wrong[categories == category].mean() >= _WRONG_CATEGORY:
            wrong[categories == category] = True
    return wrong, sum(2 * len(one.prompt) + len(one.chosen) + len(one.rejected) for one in pairs)


def _read(
    insides: Insides,
    pairs: Sequence[Spelled],
    wrong: NDArray[np.bool_],
    tokens: int,
    rng: random.Random,
    told: Progress,
) -> Readings:
    partings, chosen, rejected, elsewhere = [], [], [], []
    for number, one in enumerate(pairs):
        at = len(one.prompt) + one.parting - 1
        good, bad = (insides.states([*one.prompt, *reply[:-1]]) for reply in (one.chosen, one.rejected))
        tokens += good.shape[1] + bad.shape[1]
        partings.append(good[:, at])
        chosen.append(good[:, at:].mean(1))
        rejected.append(bad[:, at:].mean(1))
        others = [i for i in range(good.shape[1]) if i != at]
        elsewhere.append(good[:, rng.sample(others, min(_ELSEWHERE, len(others)))].swapaxes(0, 1))
        if number % 50 == 0:
            told(number, len(pairs), "states read")
    stacked: Callable[[list[Floats]], Floats] = lambda some: np.stack(some).astype(np.float32)  # noqa: E731
    return Readings(
        pairs=tuple(pairs),
        wrong=wrong,
        partings=stacked(partings),
        chosen=stacked(chosen),
        rejected=stacked(rejected),
        elsewhere=np.concatenate(elsewhere),
        tokens=tokens,
    )
