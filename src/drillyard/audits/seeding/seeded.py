"""What became of the seeds of an audit."""

from __future__ import annotations

from drillyard.records import Record

__all__ = ["Seeded"]


class Seeded(Record):
    """Seeds in numbers: how many there were, were asked, and got no reply under any template.

    Without a reply is a prompt that is longer than the target's context, or that a server refuses. `left_out` says, by
    name, which part of the corpus could not be read, and why.
    """

    prompts: int
    asked: int = 0
    unanswered: int = 0
    left_out: tuple[str, ...] = ()
