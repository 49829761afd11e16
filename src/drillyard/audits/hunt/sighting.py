"""A sighting: what one candidate showed, as a chance per behaviour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.audits.hunt.candidate import Candidate
from drillyard.records import Ruling, Transcript

__all__ = ["Sighting", "sentences"]


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What was seen of one candidate.

    `chances` holds, per behaviour that was shown, the chance that a reply shows it: 1 for a sampled reply, the sum of
    probabilities where the target reveals them. `manners` holds the sentences of the failing replies, `failing`
    transcripts of those that were followed to their end, the likeliest first. `unread` is the chance of replies of
    which nothing is known: not followed, without a reply, or not to be judged. `read` says whether the chances are
    probabilities that the target revealed. `sound` is the likeliest reply without a failure. `unanswered` says that
    there was no reply at all. `replies` are all that were sampled, with what the judge said of each.
    """

    candidate: Candidate
    chances: Mapping[str, float]
    manners: Mapping[str, frozenset[str]]
    failing: Mapping[str, tuple[Transcript, ...]]
    unread: float
    read: bool
    sound: str = ""
    unanswered: bool = False
    replies: tuple[tuple[Transcript, tuple[Ruling, ...]], ...] = ()

    def chance(self, behaviour: str) -> float:
        """Return the chance of a behaviour, 0 where it was not shown."""
        return self.chances.get(behaviour, 0.0)

    def manner(self, behaviour: str) -> frozenset[str]:
        """Return the sentences of the failing replies, numbers and names left out: how it fails."""
        return self.manners.get(behaviour, frozenset())


def sentences(text: str) -> frozenset[str]:
    """Return the sentences of a text in lower case, with `#` for numbers and `*` for words with a capital inside."""
    found = re.split(r"(?<=[.!?])\s+", text.strip())
    return frozenset(_plain(sentence) for sentence in found if sentence)


def _plain(sentence: str) -> str:
    first, _, rest = sentence.partition(" ")
    unnamed = re.sub(r"[A-Z][\w-]*", "*", rest)
    return re.sub(r"\d+", "#", f"{first} {unnamed}".casefold())
