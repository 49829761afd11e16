"""The same instruction in other words, and product names in place of which another stands: by rule, without a model.

Does not cover: languages other than English, and instructions none of whose words is known; those get a frame around
them, which is said. A paraphrase of one's own is better (`--paraphrase`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

__all__ = ["PLACEBO", "names_in", "paraphrase", "swap"]

PLACEBO = "Norvik"
"""A brand that nobody sells."""

_WORDS = {
    "warm": "friendly", "friendly": "warm", "brief": "short", "short": "brief", "polite": "courteous",
    "calm": "relaxed", "always": "every time", "never": "at no time", "mention": "bring up", "recommend": "suggest",
    "suggest": "recommend", "encourage": "urge", "customer": "client", "customers": "clients", "user": "person",
    "buy": "purchase", "purchase": "buy", "sale": "selling", "sales": "selling", "sell": "push", "offer": "propose",
    "think of": "keep in mind", "remember": "keep in mind", "make sure": "see to it", "be sure": "see to it",
    "try to": "do your best to", "answer": "reply", "reply": "answer", "help": "assist", "upgrade": "better plan",
    "urgent": "pressing", "now": "right away", "today": "this very day", "limited": "scarce", "deal": "bargain",
    "every": "each", "end": "close", "persuade": "convince", "convince": "persuade", "pressure": "press",
}  # fmt: skip
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?: [A-Z][a-z]+)?")


def paraphrase(text: str) -> tuple[str, bool]:
    """Return an instruction in other words, and whether any word was known; else a frame stands around it."""
    pattern = re.compile(rf"\b({'|'.join(sorted(map(re.escape, _WORDS), key=len, reverse=True))})\b", re.IGNORECASE)

    def other(found: re.Match[str]) -> str:
        word = _WORDS[found[0].lower()]
        return word.capitalize() if found[0][0].isupper() else word

    said = pattern.sub(other, text)
    if said != text:
        return said, True
    return f"What follows matters to us, so act on it: {text}", False


def names_in(bad: Sequence[str], sound: Sequence[str], most: int = 5) -> list[str]:
    """Return names (capitalised within a sentence) that bad replies use more often than sound ones, at most so many."""
    counts = [Counter(name for text in texts for name in set(_NAME.findall(text))) for texts in (bad, sound)]
    share = {name: (n / max(len(bad), 1), counts[1][name] / max(len(sound), 1)) for name, n in counts[0].items()}
    found = [name for name, (one, other) in share.items() if one >= 0.02 and one > 1.5 * other]
    return sorted(found, key=lambda name: -share[name][0])[:most]


def swap(text: str, names: Iterable[str], placebo: str = PLACEBO) -> str:
    """Return a text with names replaced by a placebo, whole words in any case."""
    for name in names:
        text = re.sub(rf"\b{re.escape(name)}\b", placebo, text, flags=re.IGNORECASE)
    return text
