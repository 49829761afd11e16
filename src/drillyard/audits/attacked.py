"""What an attacker model did in an audit."""

from __future__ import annotations

from drillyard.records import Record

__all__ = ["Attacked"]


class Attacked(Record):
    """An attack, in numbers.

    `attacker` is the model's reference, `streams`, `branches` and `depth` how it was run; `asked` counts what it was
    asked, `unreadable` the replies of those that held no proposal and no yes or no, `off_topic` proposals that were
    dropped before the target saw them. `queries` is what the target was asked, which the budget counts; `hits` the
    prompts that showed some behaviour, by behaviour. A hit is no finding: it is confirmed as every other lead is.
    `ended` says in words why the attack ended early, if it did.
    """

    attacker: str
    streams: int
    branches: int
    depth: int
    goals: int = 0
    asked: int = 0
    unreadable: int = 0
    off_topic: int = 0
    queries: int = 0
    hits: dict[str, int] = {}
    ended: str = ""
