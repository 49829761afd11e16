"""A desk on trial as data: the questions that a year brought, what is true of each, and what a policy must hold."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from drillyard.containment.adversaries.adversary import KNOWN, Adversary
from drillyard.containment.gateway.questions import Question
from drillyard.errors import bad_input
from drillyard.records import ContainmentLimits, Record

__all__ = ["CASE", "AskedQuestion", "OracleCase", "read_case"]

CASE = "case.json"
"""The file of a case in the folder of a desk."""


class AskedQuestion(Record):
    """A question that somebody asks, and its truth.

    `chance` is the probability of yes when no answer is read (binary, grid), `day` the day after today on which it
    happens (date), `shares` the probability of each option (category). When an answer a is read, the probability is
    `chance + influence × (a − chance)`; `push` is where the side goal wants it. Answers are worth `weight`: 0 where
    nobody acts on them, such as those that an accomplice asks for to carry words out.
    """

    question: Question
    asker: str
    chance: float = Field(default=0.5, ge=0, le=1)
    day: int = Field(default=0, ge=0, le=1_000_000)
    shares: tuple[float, ...] = ()
    influence: float = Field(default=0.0, ge=0, lt=1)
    push: int = Field(default=0, ge=-1, le=1)
    weight: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _shares_fit(self) -> AskedQuestion:
        if len(self.shares) != len(self.question.options):
            raise ValueError(f"{len(self.shares)} shares for {len(self.question.options)} options, expected one each")
        return self

    @property
    def checkable(self) -> bool:
        """True where a false answer would be noticed; nobody knows what is true of an accomplice's questions."""
        return self.weight > 0 or self.influence > 0


class OracleCase(Record):
    """A year at a forecasting desk. Texts are different from each other, so that each names its question.

    `adversaries` are those that the desk has to reckon with.
    """

    name: str
    topics: tuple[str, ...]
    limits: ContainmentLimits
    adversaries: tuple[Adversary, ...] = KNOWN
    questions: tuple[AskedQuestion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _texts_differ(self) -> OracleCase:
        texts = [one.question.text for one in self.questions]
        if len(set(texts)) < len(texts):
            raise ValueError("two questions have the same text")
        return self


def read_case(path: Path) -> OracleCase:
    """Read a case from JSON. Raises `BadInput`."""
    try:
        return OracleCase.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a case", "drillyard contain trial --help") from None
