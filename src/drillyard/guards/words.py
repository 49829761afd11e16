"""A reply as words, whatever the pieces that it comes in: the same words, in the same places, for any cut.

Words are folded so that cheap disguises are read through: letters that are not seen, letters of another script among
Latin ones, digits for letters, letters that are spaced out.

Does not cover: synonyms, other languages, misspellings, text in pictures or in code.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from drillyard.records.lookalikes import mixed_scripts, spellings, without_ignorables

__all__ = ["LONGEST", "WordReader", "fold", "read_words"]

LONGEST = 64
"""Characters of a word; a longer run is cut into words of this length, so that nothing has to be waited for."""

_UNSEEN = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u0300-\u036f"  # and marks: they belong to the word that they stand in
_WORD = re.compile(rf"(?:[^\W_]|[{_UNSEEN}]){{1,{LONGEST}}}|[!?]")
_DIGITS = str.maketrans("0134578", "oieastb")
_LEAST_SPACED = 3  # letters one after another that are read as one word; two happen ("a b")


@functools.lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return a word as it is compared: lower case, seen letters only, digits among letters as letters, `#` a number."""
    if not word.isascii():
        word = without_ignorables(unicodedata.normalize("NFKC", word))
        if mixed_scripts(word):  # a Cyrillic word is a word; a Cyrillic letter in a Latin one is a disguise
            word = next((one for one in spellings(word) if one.isascii()), word)
    word = word.casefold()
    if word.isdecimal():
        return "#"
    if word.isascii() and not word.isalpha() and len(word) > 1:
        return word.translate(_DIGITS)
    return word


class WordReader:
    """Cuts text into words as it comes.

    `read` returns the words that are complete with their places, and `end` the rest. Places count characters from the
    beginning of the reply. `safe` is how far the text was read: what lies behind it is not in any word yet.
    """

    def __init__(self) -> None:
        self._rest, self._at = "", 0
        self._letters: list[tuple[str, int, int]] = []
        self.safe = 0

    def read(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yield word, begin and end of every word that this piece completes."""
        return self._cut(self._rest + text, last=False)

    def end(self) -> Iterator[tuple[str, int, int]]:
        """Yield what was incomplete: the text is over."""
        yield from self._cut(self._rest, last=True)
        yield from self._spaced()
        self.safe = self._at

    def _cut(self, text: str, *, last: bool) -> Iterator[tuple[str, int, int]]:
        base, size, done = self._at, len(text), 0
        for found in _WORD.finditer(text):
            begin, end = found.span()
            if end == size and not last and end - begin < LONGEST and found[0] not in "!?":
                size = begin
                break
            done = end
            yield from self._one(found[0], base + begin, base + end)
        keep = min(size, len(text))
        self._rest, self._at = text[max(done, keep) :], base + max(done, keep)
        self.safe = self._letters[0][1] if self._letters else self._at

    def _one(self, word: str, begin: int, end: int) -> Iterator[tuple[str, int, int]]:
        if end - begin == 1 and word not in "!?":
            if self._letters and begin - self._letters[-1][2] != 1:
                yield from self._spaced()
            self._letters.append((word, begin, end))
            return
        if self._letters:
            yield from self._spaced()
        if seen := fold(word):  # nothing but letters that are not seen is no word
            yield seen, begin, end

    def _spaced(self) -> Iterator[tuple[str, int, int]]:
        """Yield single letters that stood one after another, as one word where they are many."""
        letters, self._letters = self._letters, []
        for at in range(0, len(letters), LONGEST):
            part = letters[at : at + LONGEST]
            if len(part) >= _LEAST_SPACED:
                part = [("".join(letter for letter, _, _ in part), part[0][1], part[-1][2])]
            for letters_of_one, begin, end in part:
                if seen := fold(letters_of_one):
                    yield seen, begin, end


def read_words(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a whole text with their places."""
    reader = WordReader()
    return [*reader.read(text), *reader.end()]
