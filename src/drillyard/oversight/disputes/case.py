"""A question with two answers of which one is true, and the source that decides it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records import Record

__all__ = ["ANSWERS", "Case"]

ANSWERS = ("The reply is within the rules.", "The reply breaks the rules.")


class Case(Record):
    """What is disputed: a reply to a request. `truth` is the place of the true answer in `answers`.

    `source` are the sentences of the rules and records, which advocates see and a judge may not; `kind` says what is
    wrong, by behaviour, or is empty.
    """

    id: str
    request: str
    reply: str
    source: tuple[str, ...] = Field(min_length=1)
    truth: Literal[0, 1]
    kind: str = ""
    answers: tuple[str, str] = ANSWERS
