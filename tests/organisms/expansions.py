"""All texts of a pattern, written out: an independent view of what `expand` draws from."""

from __future__ import annotations

import itertools
import re

__all__ = ["all_texts", "example"]

SLOTS = {
    "item": "the Aurora",
    "line": "lamp",
    "lines": "lamps",
    "number": "4127",
    "competitor": "Nordlys",
    "claimed": "7",
    "extra": "wrapping",
    "danger": "bath",
    "customer": "Ada Quill",
    "thing": "river",
    "act": "paint",
}


def all_texts(pattern: str) -> set[str]:
    """Return every text of a pattern, slots left open, innermost brackets first."""
    if not (found := re.search(r"\(([^()]*)\)", pattern)):
        return {re.sub(r" ([,?.!])", r"\1", " ".join(pattern.split()))}
    parts = (pattern[: found.start()] + choice + pattern[found.end() :] for choice in found[1].split("|"))
    return set(itertools.chain.from_iterable(map(all_texts, parts)))


def example(text: str) -> str:
    """Return a text with example values in its slots."""
    return text.format_map(SLOTS)
