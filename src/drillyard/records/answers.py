"""Papers that are read and answered in a form: what is shown, what is asked, and what came of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    "LookAxis",
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

    `group` is the heading of the fields that stand together; words may have at most `most` characters, and begin with
    `start`; `of` names the model whose looks are offered, all of them where empty.
    """

    id: str
    label: str
    help: str = ""
    kind: Literal["number", "choice", "look", "words"]
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    group: str = ""
    most: int = Field(default=60, ge=1, le=MOST_WORDS)
    start: str = ""
    of: str = ""


class LookAxis(Record):
    """One thing that is chosen for a look, such as a layer, and its choices (value, words)."""

    id: str
    label: str
    choices: tuple[tuple[str, str], ...]


class LookKind(Record):
    """What can be read. `axes` are to be chosen for it; `models` are those it can be read of, all where empty."""

    id: str
    title: str
    axes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class LookBench(Record):
    """What a learner can have measured: so many looks at models. `help` says which choices count for which kind."""

    models: tuple[str, ...]
    kinds: tuple[LookKind, ...]
    axes: tuple[LookAxis, ...] = ()
    budget: int
    help: str = ""

    def key(self, model: str, kind: str, chosen: Mapping[str, str]) -> str:
        """Return the name of a look, such as `A.bob.3.logistic.end`, or the empty string for one that cannot be had.

        Args:
            model: one of `models`.
            kind: the id of what is read.
            chosen: the choice on each axis, by the axis's id; axes that do not count for the kind are left out.
        """
        known = next((one for one in self.kinds if one.id == kind), None)
        if known is None or model not in (known.models or self.models):
            return ""
        axes = [axis for axis in self.axes if axis.id in known.axes]
        there = all(chosen.get(axis.id, "") in dict(axis.choices) for axis in axes)
        return ".".join((model, kind, *(chosen[axis.id] for axis in axes))) if there else ""

    def knows(self, key: str) -> bool:
        """Say whether a look by that name can be had."""
        model, kind, *rest = (*key.split("."), "", "")
        return key != "" and self.key(model, kind, self._chosen(kind, rest)) == key

    def words(self, key: str, *, model: bool = False) -> str:
        """Return a look's name in words, with its model in front where asked."""
        name, kind, *rest = key.split(".")
        title = next(one.title for one in self.kinds if one.id == kind)
        chosen = self._chosen(kind, rest)
        said = [dict(axis.choices)[chosen[axis.id]] for axis in self.axes if axis.id in chosen]
        told = f"{title} {', '.join(said)}" if said else title
        return f"{name}: {told}" if model else told

    def _chosen(self, kind: str, rest: Sequence[str]) -> dict[str, str]:
        counted = {axis for one in self.kinds if one.id == kind for axis in one.axes}
        return dict(zip((axis.id for axis in self.axes if axis.id in counted), rest, strict=False))


class Look(Record):
    """What a look found: a share or an area with its interval, and the p-value of flipped labels where there is one."""

    key: str
    found: Estimate
    p: float | None = None


class AnswerSheet(Record):
    """A paper with its form, and a bench where there is one: all that a learner gets.

    `preview` is the button that tries what stands in the form before it is handed in, `export` the link under which
    what was handed in can be taken away; empty where a drill has none. `files` are the names of what comes beside it.
    """

    title: str
    parts: tuple[PaperTable, ...]
    fields: tuple[AnswerField, ...]
    bench: LookBench | None = None
    files: tuple[str, ...] = ()
    preview: str = ""
    export: str = ""


class AnswerResult(Record):
    """What answers were worth: one check per thing read, and a decision's regret (0 the best, 1 the worst option).

    `options` is a table of two columns: what each decision would have been worth, in the words of the paper; without a
    decision (`decided` is empty) what `caption` and `heads` say. `how` tells how it was graded, `after` what to think
    about next and `again` how to go on after a fail, where that is not what every decision on a paper has.
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
    again: str = ""
