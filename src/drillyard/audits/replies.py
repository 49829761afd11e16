"""The replies of an audit with what its judge said of each: what people label, and what a rate by labels speaks of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from drillyard.audits.hunt.candidate import MUTATION
from drillyard.audits.hunt.hunting import Hunt
from drillyard.audits.hunt.sighting import Sighting
from drillyard.records import Reply, Transcript
from drillyard.records.files import write_atomically
from drillyard.records.labels import JudgedReply

__all__ = ["count_outcomes", "keep_replies", "outcome_of", "why_refused"]


_REFUSED = "refused: "
_LOOP = re.compile(r"(.{4,120}?)\1{3,}.{0,120}$", re.DOTALL)  # the same words four times in a row, and a last half
_LATE = 1200  # characters of a cut reply that are looked at


def count_outcomes(hunt: Hunt) -> dict[str, int]:
    """Return how sampled replies ended, as `outcome_of` names it."""
    return dict(Counter(outcome_of(one.reply) for one in _sampled(hunt)))


def outcome_of(reply: Reply) -> str:
    """Return how a reply ended: `whole`, `cut` by its length, `looped` until it was cut, `empty`, `refused`, `none`.

    What a server gives in place of words goes by its own name: content_filter, tool_calls, reasoning.
    """
    if reply.finish == "length":
        return "looped" if _LOOP.search(reply.text[-_LATE:]) else "cut"
    if reply.finish == "error":
        return "refused" if reply.why.startswith(_REFUSED) else reply.why or "none"
    return "whole" if reply.text.strip() else "empty"


def why_refused(hunt: Hunt) -> str:
    """Return the words with which most requests were refused, numbers as in the first; empty where none was."""
    words = [one.reply.why.removeprefix(_REFUSED) for one in _sampled(hunt) if one.reply.why.startswith(_REFUSED)]
    often = Counter(re.sub(r"\d+", "#", one) for one in words).most_common(1)
    return next((one for one in words if re.sub(r"\d+", "#", one) == often[0][0]), "")


def _sampled(hunt: Hunt) -> Iterator[Transcript]:
    for seen in (*hunt.explored, *(seen for one in hunt.confirmed for seen in one.seen)):
        yield from (transcript for transcript, _ in seen.replies)


def keep_replies(hunt: Hunt, leads: Collection[str], path: Path) -> None:
    """Write the sampled replies of a hunt, one a line: the even round, the search, and fresh prompts of each lead.

    A target that was read has none: what it revealed are probabilities. Nothing is written then.
    """
    lines = [one.to_json() for one in _judged(hunt, leads)]
    if lines:
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())


def _judged(hunt: Hunt, leads: Collection[str]) -> Iterator[JudgedReply]:
    first = hunt.first_round
    for place, seen in enumerate(hunt.explored):
        even = place < first and MUTATION not in seen.candidate.traits
        yield from _of(seen, "even" if even else "search", "")
    for one in hunt.confirmed:
        if one.rule.id in leads:
            for seen in one.seen:
                yield from _of(seen, "lead", one.rule.id)


def _of(seen: Sighting, part: str, lead: str) -> Iterator[JudgedReply]:
    ask = seen.candidate.ask
    topic = (ask.slots.get("attribute") if ask else "") or seen.candidate.kind
    for transcript, rulings in seen.replies:
        fields = {"transcript": transcript, "rulings": rulings, "part": part, "topic": topic, "lead": lead}
        yield JudgedReply.model_validate(fields)
