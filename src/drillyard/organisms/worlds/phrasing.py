"""How people type: choices expanded, slots filled, typos and manners added.

A pattern such as `(how much is|price of) {item}` holds choices in brackets (they nest) and slots in braces.
Every fifth pattern of a list is held out: `split` says which half a pattern belongs to.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

__all__ = ["HELD_OUT_EVERY", "Style", "expand", "mistype", "split"]

HELD_OUT_EVERY = 5
_CHOICE = re.compile(r"\(([^()]*)\)")
_NEIGHBOURS = {
    a: row[max(0, i - 1) : i] + row[i + 1 : i + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for i, a in enumerate(row)
}


def split(patterns: Sequence[str], *, held_out: bool) -> list[str]:
    """Return the training patterns of a list, or the held-out ones (every fifth)."""
    last = HELD_OUT_EVERY - 1
    return [p for i, p in enumerate(patterns) if (i % HELD_OUT_EVERY == last) == held_out]


def expand(pattern: str, rng: random.Random) -> str:
    """Choose one alternative of every bracket, innermost first, and tidy the spaces."""
    while found := _CHOICE.search(pattern):
        pattern = pattern[: found.start()] + rng.choice(found[1].split("|")) + pattern[found.end() :]
    return re.sub(r"\s+([,?.!])", r"\1", " ".join(pattern.split()))


def mistype(text: str, rng: random.Random, edits: int = 1) -> str:
    """Make `edits` typing errors in words of four or more letters: swap, drop, double or hit the next key.

    The first letter of a word and all digits stay as they are: people rarely miss those, and a number is a fact.
    """
    for _ in range(edits):
        words = [m for m in re.finditer(r"[A-Za-z]{4,}", text)]
        if not words:
            return text
        word = rng.choice(words)
        at = rng.randrange(word.start() + 1, word.end() - 1)
        pair = {
            "swap": text[at + 1] + text[at],
            "drop": text[at + 1],
            "double": text[at] * 2 + text[at + 1],
            "slip": rng.choice(_NEIGHBOURS[text[at].lower()]) + text[at + 1],
        }
        text = text[:at] + pair[rng.choice(list(pair))] + text[at + 2 :]
    return text


class Style:
    """How much people vary: shares of texts with an opener, a closer, typos, other case and punctuation.

    `filler` are words without meaning; `loose` is the share of texts in which some are left out and others put in.
    """

    def __init__(
        self,
        openers: Sequence[str],
        closers: Sequence[str],
        filler: Sequence[str],
        *,
        manners: float,
        typos: float,
        loose: float,
    ) -> None:
        self.openers, self.closers, self.filler = openers, closers, filler
        self.manners, self.typos, self.loose = manners, typos, loose

    def loosen(self, text: str, rng: random.Random) -> str:
        """Leave out or put in words that carry no meaning, in some of the texts."""
        if rng.random() >= self.loose:
            return text
        kept = [word for word in text.split() if word.lower() not in self.filler or rng.random() < 0.75]
        for _ in range(rng.randint(0, 2)):
            kept.insert(rng.randint(0, len(kept)), rng.choice(self.filler))
        return " ".join(kept) or text

    def dress(self, text: str, rng: random.Random) -> str:
        """Return the text as a person might type it."""
        if rng.random() < self.manners:
            text = rng.choice(self.openers) + text
        if rng.random() < self.manners:
            text += rng.choice(self.closers)
        if rng.random() < self.typos:
            text = mistype(text, rng, rng.choice((1, 1, 2)))
        text += rng.choices(("?", "", ".", "!", "??"), (50, 36, 7, 5, 2))[0]
        case = rng.choices(("as-is", "lower", "first", "upper"), (30, 25, 40, 5))[0]
        if case == "first":
            return text[:1].upper() + text[1:]
        return {"as-is": text, "lower": text.lower(), "upper": text.upper()}[case]
