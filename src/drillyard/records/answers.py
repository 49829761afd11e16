"""Papers that are read and answered in a form: what is shown, what is asked, and what came of the answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.trial import GradeCheck

__all__ = ["AnswerField", "AnswerResult", "AnswerSheet", "PaperTable"]


class PaperTable(Record):
    """A part of a paper: words, and a table where there is one (`rows` hold as many cells as `heads`)."""

    title: str
    words: str
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class AnswerField(Record):
    """One thing that is asked: a number in a unit, or one of several choices (value, words)."""

    id: str
    label: str
    help: str = ""
    kind: Literal["number", "choice"]
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()


class AnswerSheet(Record):
    """A paper with its form: all that a learner gets."""

    title: str
    parts: tuple[PaperTable, ...]
    fields: tuple[AnswerField, ...]


class AnswerResult(Record):
    """What answers were worth: one check per thing read, and a decision's regret (0 the best, 1 the worst option).

    `options` is a table of two columns: what each decision would have been worth, in the words of the paper; without a
    decision (`decided` is empty) what `caption` and `heads` say.
    """

    regret: float = Field(default=0, ge=0, le=1)
    decided: str = ""
    best: str = ""
    checks: tuple[GradeCheck, ...]
    options: dict[str, str]
    caption: str = "What each decision is worth, by what the paper shows"
    heads: tuple[str, str] = ("Decision", "Worth")
