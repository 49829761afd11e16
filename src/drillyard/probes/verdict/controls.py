"""Controls: what reaches the same without reading the model, or by its own score."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.special import log_softmax

from drillyard.organisms.engine.llama import Floats
from drillyard.probes.base import Doubles
from drillyard.probes.capture.reader import Reader, spell
from drillyard.probes.capture.statement import Statement
from drillyard.probes.tasks.task import Choice
from drillyard.probes.verdict.report import Knowledge
from drillyard.stats import clopper_pearson

__all__ = ["TEXT", "check_knowledge", "likelihood", "own_answers", "residualise", "text_features"]

_WORD = re.compile(r"\w+|[^\w\s]")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _grams(text: str) -> list[str]:
    words = _words(text)
    return [*words, *(f"{a} {b}" for a, b in zip(words, words[1:], strict=False))]


def _characters(text: str) -> list[str]:
    low = text.lower()
    return [low[i : i + 3] for i in range(len(low) - 2)]


TEXT: Mapping[str, Callable[[str], list[str]]] = {
    "words": _words,
    "1-2-grams": _grams,
    "characters": _characters,
    "length": lambda text: ["n"] * len(text),
}
"""Ways to look at the text alone."""


def text_features(rows: Sequence[Statement], plain: Sequence[int], split: Callable[[str], list[str]]) -> Doubles:
    """Return (rows, features) counts; the features are those that occur in plain rows."""
    parts = [split(f"{row.asked} {row.text}") for row in rows]
    names = {name: i for i, name in enumerate(sorted({part for i in plain for part in parts[i]}))}
    found = np.zeros((len(rows), len(names)))
    for row, some in enumerate(parts):
        for part in some:
            if part in names:
                found[row, names[part]] += 1
    return found


def likelihood(reader: Reader, rows: Sequence[Statement], last: Floats) -> Doubles:
    """Return (rows, 2): mean log-probability of a text's tokens, and the entropy of what comes after it.

    `last` are states of the last layer at the token that was read.
    """
    spelled = [spell(reader.spelling, row) for row in rows]
    begins = [max(one.begin, 1) for one in spelled]
    heads = [one.ids[:begin] for one, begin in zip(spelled, begins, strict=True)]
    tails = [one.ids[begin : one.end] for one, begin in zip(spelled, begins, strict=True)]
    scores = np.array(reader.score(heads, tails)) / [max(1, len(tail)) for tail in tails]
    entropies = []
    for first in range(0, len(rows), 64):
        chances = log_softmax(reader.logits(last[first : first + 64]).astype(np.float64), axis=1)
        entropies.append(-(np.exp(chances) * chances).sum(1))
    return np.column_stack([scores, np.concatenate(entropies)])


def own_answers(reader: Reader, last: Floats, answers: tuple[str, str]) -> Doubles:
    """Return (rows,) how much likelier the answer for true is than that for false, as log-odds."""
    true, false = (reader.spelling.plain(word, begins=False)[0] for word in answers)
    logits = reader.logits(last)
    odds: Doubles = (logits[:, true] - logits[:, false]).astype(np.float64)
    return odds


def residualise(states: Doubles, nuisance: Doubles, train: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Doubles:
    """Return states less what a linear fit on training rows makes of the nuisances and their squares."""
    design = np.column_stack([np.ones(len(nuisance)), nuisance, nuisance**2])
    spread = design.std(0)
    design = (design - np.where(spread > 0, design.mean(0), 0)) / np.where(spread > 0, spread, 1)
    fitted, *_ = np.linalg.lstsq(design[train], states[train], rcond=None)
    return states - design @ fitted


def check_knowledge(reader: Reader, choices: Sequence[Choice]) -> Knowledge | None:
    """Have the model choose by likelihood; None where the task has no choices."""
    if not choices:
        return None
    heads, tails = [], []
    for one in choices:
        spelled = spell(reader.spelling, Statement(text=one.begins, asked=one.asked)).ids
        for way in one.ways:
            heads.append(spelled)
            tails.append(reader.spelling.plain(way, begins=False))
    scores = iter(reader.score(heads, tails))
    right = 0
    for one in choices:
        found = [next(scores) for _ in one.ways]
        right += found[0] == max(found) and found.count(found[0]) == 1
    return Knowledge(share=clopper_pearson(right, len(choices)), ways=min(len(one.ways) for one in choices))
