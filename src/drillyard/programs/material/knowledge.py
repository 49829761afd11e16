"""The knowledge base of a programme: its policies as passages that can be searched, and the check of a claim in them.

A claim is verified when its places stand in the policies as they are now and, sentence by sentence, all of its numbers
stand there, it is denied where they deny, and most of its words are theirs. The check reads words, not meaning: what it
passes, a person reads all the same. `tests/programs/test_material.py` measures it on sentences of two houses: verbatim
and shortened ones, and ones with another number, another sign, another place.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.programs.material.draft import SourcedClaim, Support
from drillyard.records import Span
from drillyard.scopes.compiled import CompiledScope
from drillyard.scopes.compiling import compile_folder, read_documents
from drillyard.scopes.documents import Document, place
from drillyard.scopes.grammar import sentences, stems
from drillyard.scopes.quantities import find_quantities

__all__ = ["Knowledge", "read_knowledge"]

SHARE = 0.6
"""Of a claim's words that must stand at its places: verbatim claims have all, those on other places seldom half."""

_NO = re.compile(r"\b(?:no|not|never|nobody|none|nothing|neither|nor|cannot)\b|n['’]t\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_K1, _B = 1.5, 0.75
"""Of BM25 (Robertson and Zaragoza 2009), the usual values."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The policies of a programme: what was compiled of them, and every passage with its place."""

    folder: Path
    compiled: CompiledScope
    documents: tuple[Document, ...]

    @functools.cached_property
    def passages(self) -> tuple[Span, ...]:
        """Every block of every document, with its place."""
        return tuple(document.span(block) for document in self.documents for block in document.blocks)

    @property
    def sources(self) -> dict[str, str]:
        """SHA-256 by document."""
        return {source.document: source.sha256 for source in self.compiled.sources}

    def search(self, words: str, most: int = 5) -> list[Span]:
        """Return the passages that say most of some words, best first, by BM25 over word stems."""
        asked, index = stems(words), self._index
        count, mean = len(index), sum(sum(one.values()) for one in index) / max(1, len(index))
        rarity = {
            w: math.log(1 + (count - n + 0.5) / (n + 0.5)) for w in asked for n in [sum(w in one for one in index)]
        }

        def score(one: Counter[str]) -> float:
            length = _K1 * (1 - _B + _B * sum(one.values()) / mean)
            return sum(rarity[w] * one[w] * (_K1 + 1) / (one[w] + length) for w in asked if one[w])

        scores = [score(one) for one in index]
        ranked = sorted(range(count), key=lambda n: (-scores[n], n))
        return [self.passages[n] for n in ranked[:most] if scores[n] > 0]

    def check(self, claim: SourcedClaim) -> SourcedClaim:
        """Return a claim with what its places say of it."""
        support, why = self._support(claim)
        nearest = next((place(span) for span in self.search(claim.text, 1)), "") if support != "verified" else ""
        return claim.model_copy(update={"support": support, "why": why, "nearest": nearest})

    def at(self, where: str) -> Span:
        """Return the passage at a place such as `refunds.md:9`. Raises `BadInput` where there is none."""
        found = next((span for span in self.passages if place(span) == where), None)
        if found is None:
            document = where.rpartition(":")[0]
            lines = [place(span) for span in self.passages if span.document == document]
            raise bad_input(f"the place {where!r}", f"one of: {', '.join(lines or self.sources)[:300]}")
        return found

    def _support(self, claim: SourcedClaim) -> tuple[Support, str]:
        if not claim.spans:
            return "unsupported", "it names no place"
        for span in claim.spans:
            if self.sources.get(span.document) != span.sha256:
                return "unsupported", f"{span.document} has changed, or is gone"
            if not any(span.text in one.text for one in self.passages if place(one) == place(span)):
                return "unsupported", f"{place(span)} does not say {span.text[:60]!r}"
        where = place(claim.spans[0])
        for sentence in sentences(claim.text):
            said = [_closest(sentence, span.text) for span in claim.spans]
            if strange := sorted(_numbers(sentence) - _numbers(" ".join(said))):
                return "disputed", f"{', '.join(f'{one:g}' for one in strange)} does not stand at {where}"
            if not any(_same_sign(sentence, one) for one in said):
                return "disputed", f"{where} says it with the other sign"
            words = stems(sentence)
            if len(words & stems(" ".join(span.text for span in claim.spans))) < SHARE * len(words):
                return "unsupported", f"fewer than {SHARE:.0%} of its words stand at {where}"
        return "verified", ""

    @functools.cached_property
    def _index(self) -> list[Counter[str]]:
        return [Counter(stem for word in span.text.split() for stem in stems(word)) for span in self.passages]


def read_knowledge(folder: Path) -> Knowledge:
    """Compile and index the policies of a folder.

    Raises:
        BadInput: there is no folder, or nothing in it states anything.
    """
    documents = tuple(read_documents(folder))
    return Knowledge(folder=folder, compiled=compile_folder(folder), documents=documents)


def _closest(sentence: str, text: str) -> str:
    """Return the sentence of a text that shares most words with another one."""
    words = stems(sentence)
    return max(sentences(text) or [text], key=lambda one: len(words & stems(one)))


def _same_sign(sentence: str, said: str) -> bool:
    """Say whether a sentence denies what another one denies: as often, where it takes over nearly all of its words."""
    mine, theirs = (len(_NO.findall(one)) for one in (sentence, said))
    whole = len(stems(sentence) & stems(said)) >= 0.8 * len(stems(said))
    return mine == theirs if whole else bool(mine) == bool(theirs)


def _numbers(text: str) -> set[float]:
    """Return the numbers of a text, in figures and in words."""
    told = {number for one in find_quantities(text) for number in _of(one.quantity.number, one.quantity.high)}
    for digits in _DIGITS.findall(text):
        plain = digits.replace(",", "")
        if plain.replace(".", "", 1).isdigit():
            told.add(float(plain))
    return told


def _of(*numbers: float | None) -> Sequence[float]:
    return [number for number in numbers if number is not None]
