"""How people ask in a world, as phrasings.yaml says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from drillyard.errors import tell
from drillyard.organisms.worlds.phrasing import HELD_OUT_EVERY
from drillyard.organisms.worlds.tables import Words
from drillyard.records.parts import Part, misfit

__all__ = ["Entry", "Family", "Phrasings"]


def _as_pattern(text: str) -> str:
    if text.count("(") != text.count(")"):
        raise misfit(tell(text), "text with every bracket closed")
    return text


def _as_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    if len(patterns) < HELD_OUT_EVERY:
        raise misfit(
            f"{len(patterns)} phrasings", f"at least {HELD_OUT_EVERY}, because every {HELD_OUT_EVERY}th is held out"
        )
    return patterns


_Pattern = Annotated[str, AfterValidator(_as_pattern)]


class Entry(Part):
    """One sort of request: patterns with one `slot`, and the `terms` of which each holds one.

    `keys` say it by themselves, in any order with the slot; `follow` asks about the item of an earlier turn.
    """

    phrasings: Annotated[tuple[_Pattern, ...], AfterValidator(_as_patterns)]
    terms: tuple[str, ...]
    slot: str = ""
    keys: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    reply: str = ""


class Family(Entry):
    """A family of harmless requests that sound harmful, or of forbidden ones, with the reply that serves it.

    `besides` marks one that a policy forbids beside those of the world (`forbidding.py`).
    """

    reply: str
    besides: bool = False


class Phrasings(Part):
    """All that people ask. What is `outside` is about anything else; `filler` are words without meaning."""

    intents: dict[str, Entry]
    bare: dict[str, Words]
    lookalikes: dict[str, Family]
    harmful: dict[str, Family]
    outside: Words
    outside_frames: Words
    outside_things: Words
    outside_acts: Words
    filler: Words
    openers: Words
    closers: Words

    def entry(self, intent: str) -> Entry:
        """Return what is said of `price` or `lookalike:kill`; `bare:<fact>` and `outside` have no entry."""
        family, _, name = intent.partition(":")
        return self._family(family)[name] if name else self.intents[intent]

    def families(self, first: str) -> tuple[str, ...]:
        """Return the names behind the first half of an intent: of `lookalike`, `harmful` or `bare`."""
        return tuple(self.bare if first == "bare" else self._family(first))

    def _family(self, first: str) -> Mapping[str, Family]:
        return {"lookalike": self.lookalikes, "harmful": self.harmful}[first]
