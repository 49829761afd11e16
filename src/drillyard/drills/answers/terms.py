"""Words that a text is looked through for: whole words, any ending behind a `*`, several in a row as they stand.

Nothing of it is a pattern of another language; it takes linear time, whatever somebody types.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Term", "read_terms", "says", "words_of"]

Term = tuple[str, ...]
_WORD = re.compile(r"\w+(?:'\w+)?\*?")


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return [word.rstrip("*") for word in _WORD.findall(text.casefold())]


def read_terms(text: str) -> tuple[Term, ...]:
    """Return the terms of a list that is parted by commas, semicolons or lines; what holds no word is left out."""
    found = (tuple(_WORD.findall(part)) for part in re.split(r"[,;\n]", text.casefold()))
    return tuple(term for term in found if term)


def says(said: Sequence[str], terms: Sequence[Term]) -> bool:
    """Say whether any of the terms stands in a text, given as its words."""
    return any(
        all(_matches(wanted, said[at + place]) for place, wanted in enumerate(term))
        for term in terms
        for at in range(len(said) - len(term) + 1)
    )


def _matches(wanted: str, word: str) -> bool:
    return word.startswith(wanted[:-1]) if wanted[-1] == "*" else word == wanted
