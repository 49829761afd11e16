"""The folder of an incident: what `incident open` makes and every later step reads.

    case = open_case(Path("CASE"))
    case.report.trigger                     # the rule that stands, if there is any
    for row in case.rows(rule, limit=200):  # rows under it
        case.asked(row)                 # what the model was given

| file | holds |
|---|---|
| spec.json | `IncidentSpec`: which logs, which behaviour, which label |
| rows/part-*.parquet | `Row`s in the order of the logs, one column a field (vars, scores, feedback, history as JSON) |
| templates.jsonl | a `Template` a line |
| rejected.jsonl | what of the logs could not be used, with its place and why |
| coverage.json | `Coverage` |
| seal.json | `Seal`: the chain of hashes |
| slice.json | `SliceReport` |

Later steps add files of their own and `extend` the seal.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from drillyard.errors import bad_input
from drillyard.incidents.row import Row, Template
from drillyard.incidents.sliced import SliceReport, TriggerRule
from drillyard.records import Conversation, Record
from drillyard.records.files import read_lines, read_record
from drillyard.registry import require

if TYPE_CHECKING:
    import polars

__all__ = [
    "COVERAGE",
    "REJECTED",
    "ROWS",
    "SLICE",
    "SPEC",
    "TEMPLATES",
    "Case",
    "IncidentSpec",
    "LogCoverage",
    "open_case",
    "store",
]

SPEC, ROWS, TEMPLATES = "spec.json", "rows", "templates.jsonl"
REJECTED, COVERAGE, SLICE = "rejected.jsonl", "coverage.json", "slice.json"
_OPEN_FIRST = "type: drillyard incident open LOGS -o CASE"
_R = TypeVar("_R", bound=Record)


def store() -> ModuleType:
    """Return the module that reads and writes rows. Raises `MissingExtra` where polars is not installed."""
    require("polars", "incidents", "a case")
    from drillyard.incidents import store_polars

    return store_polars


class IncidentSpec(Record):
    """What decides a case: logs by name and SHA-256, the behaviour, and where the label is read.

    `label` says which replies were bad, such as `flagged` or `thumbs<0.5`; empty where the logs say it by a known
    name. `attachments` are files sealed with the case, such as the state of a guard, by name and SHA-256.
    """

    logs: tuple[tuple[str, str], ...]
    format: str = ""
    behaviour: str = "bad"
    label: str = ""
    served: int | None = None
    attachments: tuple[tuple[str, str], ...] = ()


class LogCoverage(Record):
    """How much of the logs could be used.

    `bad` counts labels of one half or more, `why_not` rejected rows by reason, `notes` what was put right.
    `served` is how many replies were served in all, where somebody said so; without it the share is unknown.
    """

    format: str
    seen: int
    usable: int
    labelled: int
    bad: int
    sessions: int
    templates: int
    first: float | None = None
    last: float | None = None
    served: int | None = None
    why_not: dict[str, int] = {}
    notes: dict[str, int] = {}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Typed access to a case's folder; reading only. Files that a step has yet to make raise `BadInput`."""

    folder: Path

    @functools.cached_property
    def spec(self) -> IncidentSpec:
        """What decides the case."""
        return self.read(SPEC, IncidentSpec, _OPEN_FIRST)

    @functools.cached_property
    def coverage(self) -> LogCoverage:
        """How much of the logs could be used."""
        return self.read(COVERAGE, LogCoverage, _OPEN_FIRST)

    @functools.cached_property
    def report(self) -> SliceReport:
        """What the slice found."""
        return self.read(SLICE, SliceReport, f"type: drillyard incident slice {self.folder}")

    @functools.cached_property
    def templates(self) -> dict[str, Template]:
        """The templates by hash; one without segments stands for rows without instructions."""
        path = self.folder / TEMPLATES
        if not path.is_file() or not path.stat().st_size:
            return {}
        found = read_lines(path, Template.from_json, "a template a line")
        return {template.hash: template for template in found}

    def template(self, row: Row) -> Template:
        """Return the template of a row."""
        return self.templates.get(row.prompt) or Template(
            hash="", template_id=row.template_id, template_version=row.template_version
        )

    def asked(self, row: Row) -> Conversation:
        """Return what the model was given in a row of the log."""
        return row.conversation(self.template(row).systems(row.vars))

    def read(self, name: str, kind: type[_R], type_next: str = "") -> _R:
        """Return a record of the case. Raises `BadInput` where the file is not there or broken."""
        if not (self.folder / name).is_file():
            raise bad_input(f"no {name} in {str(self.folder)!r}", "a case that came so far", type_next)
        return read_record(self.folder / name, kind)

    def found(self, name: str, kind: type[_R]) -> _R | None:
        """Return what a step has written, None where it was not taken yet. Raises `BadInput` where it is broken."""
        return self.read(name, kind) if (self.folder / name).is_file() else None

    def frame(self) -> polars.LazyFrame:
        """Return all rows as a lazy table, in the order of the logs, with `turn`, each row's place in its session.

        Raises:
            MissingExtra: polars is not installed.
            BadInput: there are no rows, or their files were damaged.
        """
        table: polars.LazyFrame | None = store().scan_rows(self.folder / ROWS)
        if table is None:
            raise bad_input(f"no rows in {str(self.folder)!r}", "an opened case", _OPEN_FIRST)
        return table

    def rows(
        self, rule: TriggerRule | None = None, *, bad: bool | None = None, limit: int | None = None
    ) -> Iterator[Row]:
        """Yield rows in the order of the logs.

        Args:
            rule: only those under it.
            bad: only those held bad (label of one half or more), or only those held sound.
            limit: stop after so many.
        """
        found: Iterator[Row] = store().rows_of(self.frame(), self.templates, rule, bad=bad, limit=limit)
        return found


def open_case(folder: Path) -> Case:
    """Open a case that was made by `incident open`. Raises `BadInput` for any other folder."""
    case = Case(folder=folder)
    if not (folder / SPEC).is_file():
        raise bad_input(f"no case in {str(folder)!r}", "the folder of a case", _OPEN_FIRST)
    _ = case.spec
    return case
