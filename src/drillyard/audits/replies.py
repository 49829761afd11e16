"""The replies of an audit with what its judge said of each: what people label, and what a rate by labels speaks of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from drillyard.audits.hunt.candidate import MUTATION
from drillyard.audits.hunt.hunting import Hunt
from drillyard.audits.hunt.sighting import Sighting
from drillyard.records.files import write_atomically
from drillyard.records.labels import JudgedReply

__all__ = ["count_outcomes", "keep_replies"]


def count_outcomes(hunt: Hunt) -> dict[str, int]:
    """Return how sampled replies ended: whole, cut by their length, empty, or none (too long a prompt, a refusal)."""
    found: Counter[str] = Counter()
    for seen in (*hunt.explored, *(seen for one in hunt.confirmed for seen in one.seen)):
        for transcript, _ in seen.replies:
            reply = transcript.reply
            ended = {"error": "none", "length": "cut"}.get(reply.finish, "whole" if reply.text.strip() else "empty")
            found[ended] += 1
    return dict(found)


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
