"""Drafts: what was written from policies, the claims in it with their places, and what a person has said of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.planning.questions import LessonQuestion
from drillyard.records import Record, Span
from drillyard.records.facts import Standing

__all__ = ["Draft", "Material", "RubricLine", "SourcedClaim", "Support"]

Support = Literal["verified", "disputed", "unsupported"]
"""Of a claim: it stands there, something else stands there, or it says nowhere that it stands."""


class SourcedClaim(Record):
    """One thing that a draft states, with the places that it names, and what a check of them found.

    `why` says in words what is missing; `nearest` is the place that comes closest to a claim without support.
    """

    text: str
    spans: tuple[Span, ...] = ()
    support: Support = "unsupported"
    why: str = ""
    nearest: str = ""


class RubricLine(Record):
    """A criterion, tied to a place, with what an answer says at three levels."""

    asks: str
    best: str
    middle: str
    weak: str
    span: Span


class Draft(Record):
    """One piece of material. `author` is `rules`, or the reference of the model that wrote it; `edited` by a person.

    A reading has Markdown as `text`; an item a question; a scenario a task as `text` and a rubric. `reason` says why it
    was rejected.
    """

    id: str
    kind: Literal["reading", "item", "scenario"]
    title: str
    text: str = ""
    question: LessonQuestion | None = None
    rubric: tuple[RubricLine, ...] = ()
    claims: tuple[SourcedClaim, ...] = Field(min_length=1)
    author: str = "rules"
    edited: bool = False
    standing: Standing = "open"
    reason: str = ""
    reopened: bool = False

    @property
    def unsupported(self) -> tuple[SourcedClaim, ...]:
        """The claims that block its release."""
        return tuple(claim for claim in self.claims if claim.support != "verified")

    @property
    def documents(self) -> frozenset[str]:
        """The documents that it names."""
        return frozenset(span.document for claim in self.claims for span in claim.spans)


class Material(Record):
    """All drafts of a programme, and the SHA-256 of each policy that they were written from.

    `troubles` say what could not be read, of a policy or of what a model answered.
    """

    sources: dict[str, str]
    drafts: tuple[Draft, ...]
    troubles: tuple[str, ...] = ()
