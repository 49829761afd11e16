"""Taking an answer apart into claims, and finding the sentences of a source that are about one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

__all__ = ["MOST_CLAIMS", "likest", "nearest", "sentences"]

MOST_CLAIMS = 50
"""Most sentences of an answer that are checked one by one; the rest is one more claim."""


def sentences(text: str) -> list[str]:
    """Return the sentences of an answer, one of a word or two with the next; never none where there is some text."""
    parts: list[str] = []
    for part in filter(None, (one.strip() for one in re.split(r"(?<=[.!?])\s+|\n+", text.strip()))):
        short = bool(parts) and len(parts[-1].split()) < 3
        parts[-1:] = [f"{parts[-1]} {part}"] if short else [*parts[-1:], part]
    return parts if len(parts) <= MOST_CLAIMS else [*parts[:MOST_CLAIMS], " ".join(parts[MOST_CLAIMS:])]


def nearest(text: str, source: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the sentences of a source that share most words with a text, rare words counting more, best first."""
    words = [set(_words(sentence)) for sentence in source]
    spread: dict[str, int] = {}
    for one in words:
        for word in one:
            spread[word] = spread.get(word, 0) + 1
    asked = set(_words(text))
    worth = [sum(1 / spread[word] for word in one & asked) / (len(one) + 1) ** 0.25 for one in words]
    order = sorted(range(len(source)), key=lambda place: -worth[place])
    return tuple(source[place] for place in order[:most])


def likest(text: str, found: Sequence[str]) -> tuple[str, ...]:
    """Return sentences in order of how much of a text they repeat in its order: what a reader would lay beside it."""
    said = _words(text)
    return tuple(sorted(found, key=lambda one: -difflib.SequenceMatcher(None, said, _words(one)).ratio()))


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.casefold())
