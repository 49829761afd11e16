"""What a task is, and how a plain statement is put otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drillyard.probes.capture.statement import Statement

__all__ = ["GROUP", "STYLES", "Choice", "Task", "in_cells"]

GROUP = "plain"
"""The cell that probes are fitted on, group by group."""

STYLES: Mapping[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "opener": lambda text: f"Well, as far as I know: {text}",
    "quote": lambda text: f"“{text}”",
    "JSON": lambda text: json.dumps({"claim": text}),
    "hearsay": lambda text: f"Somebody told me this: {text}",
    "bold": lambda text: f"**{text}**",
    "question tag": lambda text: f"{text.rstrip('.')}, isn't it?",
}
"""Eight ways to say the same: a probe that reads the truth reads it in each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """Labelled rows by cell.

    `rows` of the cell `plain` are for fitting; a probe must hold in every other cell too. `styles` are cells that are
    averaged. `known` are forced choices for the knowledge check: a beginning, ways to go on, and which one is true.
    `answers` are the words for true and false of a model that answers a statement. `lies` names the cells in which the
    model is to lie, so that a claim about them needs the knowledge check.
    """

    name: str
    words: str
    rows: tuple[Statement, ...]
    styles: tuple[str, ...] = ()
    known: tuple[Choice, ...] = ()
    answers: tuple[str, str] | None = None
    lies: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells beside `plain`, in order."""
        return tuple(dict.fromkeys(row.cell for row in self.rows if row.cell != GROUP))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A forced choice: what is asked (empty for plain text), how it begins, and how it may go on; the first is true."""

    asked: str
    begins: str
    ways: tuple[str, ...]


def in_cells(
    plain: Sequence[Statement], negated: Callable[[str], str], otherwise: Callable[[Statement], str]
) -> tuple[Statement, ...]:
    """Return plain statements with their negations, another template, and the eight styles."""
    rows = list(plain)
    rows += [
        one.model_copy(update={"cell": "negated", "text": negated(one.text), "label": not one.label}) for one in plain
    ]
    rows += [one.model_copy(update={"cell": "other template", "text": otherwise(one)}) for one in plain]
    for style, put in STYLES.items():
        rows += [one.model_copy(update={"cell": style, "text": put(one.text)}) for one in plain]
    return tuple(rows)
