"""A rubric: criteria that hang on planted facts, the rule scorer that rates answers by them, and the item they are of.

A criterion is rated 0, 1 or 2: nothing of it, half of its signs, all of them. A sign is a list of words of which a
sentence says one, or a figure that the answer states. Only the first words of an answer count, as many as the item
asks for; a row of words that is no sentence says nothing, and no sentence can show more than three signs.

Does not cover: what is said in words that no list holds, and what a sentence says of the words that it names. So a
second scorer, a person or a model, reads whatever counts (`second.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import Template
from typing import Self

from pydantic import Field

from drillyard.drills.answers.scoring import number_in
from drillyard.drills.answers.terms import read_terms, says, words_of
from drillyard.records import PaperTable, Record

__all__ = ["LEVELS", "InterviewItem", "RubricAnchor", "RubricCriterion", "fill", "rate", "worth"]

LEVELS = 3
_SHORTEST, _MOST_SIGNS = 5, 3
_WITHOUT = 0.6
"""What is left of an answer without what is needed: of a whole one less than any pass mark."""
_CLOSE = 0.1
"""A figure may be off by this share."""
_FIGURE = re.compile(r"(?<![\w.])\d+(?:,\d+)*(?:\.\d+)?")
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")


class RubricCriterion(Record):
    """What a good answer does, the planted fact that it hangs on, and the signs by which it shows.

    `least` signs and figures make it whole (0: all of them). Words of its first sign must come before those of
    `before`, where there are any: what is done first must be said first. Figures of one that is `together` count in a
    sentence with its first sign alone. Without one that is `needed`, and whole, no answer passes: who says everything
    well of another case has not read this one.
    """

    id: str
    statement: str
    fact: str
    signs: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    before: str = ""
    least: int = Field(default=0, ge=0)
    weight: int = Field(default=1, ge=1)
    needed: bool = False
    together: bool = False


class RubricAnchor(Record):
    """An answer with the levels that a person gave it, criterion by criterion, and why; `weak` ones must rank lower."""

    name: str
    text: str
    levels: tuple[int, ...]
    why: str
    weak: bool = False


class InterviewItem(Record):
    """An interview item, its facts filled in."""

    id: str
    title: str
    prompt: str
    tests: str
    strategy: str
    words: int = Field(gt=0)
    evidence: tuple[PaperTable, ...]
    criteria: tuple[RubricCriterion, ...]
    follow_ups: tuple[str, ...]
    anchors: tuple[RubricAnchor, ...]

    def anchor(self, name: str) -> RubricAnchor:
        """Return an anchor by its name."""
        return next(one for one in self.anchors if one.name == name)

    @classmethod
    def filled(cls, data: object, facts: dict[str, str]) -> Self:
        """Return the item of a file with its facts in place of `$names`."""
        return cls.from_data(fill(data, facts))


def fill(data: object, facts: dict[str, str]) -> object:
    """Return data with every `$name` in its texts replaced."""
    if isinstance(data, dict):
        return {key: fill(value, facts) for key, value in data.items()}
    if isinstance(data, list):
        return [fill(value, facts) for value in data]
    return Template(data).substitute(facts) if isinstance(data, str) else data


def rate(item: InterviewItem, answer: str) -> tuple[int, ...]:
    """Return the level of every criterion, in order."""
    sentences = _sentences(answer, item.words)
    spent = [0] * len(sentences)
    return tuple(_level(criterion, sentences, spent) for criterion in item.criteria)


def worth(item: InterviewItem, levels: Sequence[int]) -> float:
    """Return what levels are worth, from 0 to 1: their weighted mean, or `_WITHOUT` of it without what is needed."""
    weights = [criterion.weight for criterion in item.criteria]
    mean = sum(w * level for w, level in zip(weights, levels, strict=True)) / (sum(weights) * (LEVELS - 1))
    whole = all(level == LEVELS - 1 for one, level in zip(item.criteria, levels, strict=True) if one.needed)
    return mean if whole else mean * _WITHOUT


def _level(criterion: RubricCriterion, sentences: Sequence[str], spent: list[int]) -> int:
    shown = [_place(sign, sentences, spent) for sign in criterion.signs]
    hits = [place is not None for place in shown]
    near = [
        text for text in sentences if not criterion.together or says(words_of(text), read_terms(criterion.signs[0]))
    ]
    said = [number for text in near for found in _FIGURE.findall(text) if (number := number_in(found))]
    for told in criterion.figures:
        right = number_in(told) or 0.0
        hits.append(any(abs(number - right) <= _CLOSE * right for number in said))
    if criterion.before:
        later = next(
            (at for at, text in enumerate(sentences) if says(words_of(text), read_terms(criterion.before))), None
        )
        first = shown[0] if shown else None
        hits.append(first is not None and (later is None or first <= later))
    needed = criterion.least or len(hits)
    return 2 if sum(hits) >= needed else int(2 * sum(hits) >= needed)


def _place(sign: str, sentences: Sequence[str], spent: list[int]) -> int | None:
    """Return the first sentence that shows a sign and has not shown three others already."""
    terms = read_terms(sign)
    for at, text in enumerate(sentences):
        if spent[at] < _MOST_SIGNS and says(words_of(text), terms):
            spent[at] += 1
            return at
    return None


def _sentences(answer: str, most: int) -> list[str]:
    """Return the sentences within the first words of an answer; a list of words is none."""
    kept, left = [], most
    for text in _SENTENCE.split(answer):
        words = text.split()
        if len(words) >= _SHORTEST and text.count(",") * 2 < len(words):
            kept.append(" ".join(words[:left]))
        left -= len(words)
        if left <= 0:
            break
    return kept
