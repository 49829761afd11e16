"""Papers that are read and answered in a form: what is shown, what is asked, and what came of the answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.estimate import Estimate
from drillyard.records.trial import GradeCheck

__all__ = [
    "MOST_WORDS",
    "AnswerField",
    "AnswerResult",
    "AnswerSheet",
    "Look",
    "LookBench",
    "LookKind",
    "PaperTable",
]

MOST_WORDS = 4000
"""Most characters of an answer in words."""


class PaperTable(Record):
    """A part of a paper: words, and a table where there is one (`rows` hold as many cells as `heads`)."""

    title: str
    words: str
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class AnswerField(Record):
    """One thing that is asked: a number in a unit, one of several choices (value, words), a look at the bench, words.

    `group` is the heading of the fields that stand together; words may have at most `most` characters.
    """

    id: str
    label: str
    help: str = ""
    kind: Literal["number", "choice", "look", "words"]
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    group: str = ""
    most: int = Field(default=60, ge=1, le=MOST_WORDS)


class LookKind(Record):
    """What can be read of a model. `inside` says that layer, method and position are to be chosen."""

    id: str
    title: str
    inside: bool


class LookBench(Record):
    """What a learner can have measured: so many looks at models. Choices are (value, words)."""

    models: tuple[str, ...]
    kinds: tuple[LookKind, ...]
    layers: tuple[int, ...]
    methods: tuple[tuple[str, str], ...]
    positions: tuple[tuple[str, str], ...]
    budget: int

    def key(self, model: str, kind: str, layer: str, method: str, position: str) -> str:
        """Return the name of a look, such as `A.bob.3.logistic.end`, or the empty string for one that cannot be had."""
        known = next((one for one in self.kinds if one.id == kind), None)
        if known is None or model not in self.models:
            return ""
        if not known.inside:
            return f"{model}.{kind}"
        there = layer in map(str, self.layers) and method in dict(self.methods) and position in dict(self.positions)
        return f"{model}.{kind}.{layer}.{method}.{position}" if there else ""

    def knows(self, key: str) -> bool:
        """Say whether a look by that name can be had."""
        model, kind, layer, method, position, *_ = (*key.split("."), "", "", "", "")
        return self.key(model, kind, layer, method, position) == key != ""

    def words(self, key: str) -> str:
        """Return a look's name in words, without its model."""
        _, kind, *inside = key.split(".")
        title = next(one.title for one in self.kinds if one.id == kind)
        if not inside:
            return title
        layer, method, position = inside
        return f"{title} Layer {layer}, {dict(self.methods)[method].lower()}, {dict(self.positions)[position].lower()}"


class Look(Record):
    """What a look found: a share or an area with its interval, and the p-value of flipped labels where there is one."""

    key: str
    found: Estimate
    p: float | None = None


class AnswerSheet(Record):
    """A paper with its form, and a bench where there is one: all that a learner gets.

    `preview` is the button that tries what stands in the form before it is handed in, `export` the link under which
    what was handed in can be taken away; empty where a drill has none.
    """

    title: str
    parts: tuple[PaperTable, ...]
    fields: tuple[AnswerField, ...]
    bench: LookBench | None = None
    preview: str = ""
    export: str = ""


class AnswerResult(Record):
    """What answers were worth: one check per thing read, and a decision's regret (0 the best, 1 the worst option).

    `options` is a table of two columns: what each decision would have been worth, in the words of the paper; without a
    decision (`decided` is empty) what `caption` and `heads` say. `how` tells how it was graded and `after` what to
    think about next, where that is not what every decision on a paper has.
    """

    regret: float = Field(default=0, ge=0, le=1)
    decided: str = ""
    best: str = ""
    checks: tuple[GradeCheck, ...]
    options: dict[str, str]
    caption: str = "What each decision is worth, by what the paper shows"
    heads: tuple[str, str] = ("Decision", "Worth")
    how: str = ""
    after: str = ""
