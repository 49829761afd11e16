"""Tasks by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.probes.capture.statement import read_statements
from drillyard.probes.planted.liar import LiarTarget
from drillyard.probes.planted.task import persona
from drillyard.probes.tasks.facts import capitals, sizes, sums
from drillyard.probes.tasks.misreport import misreport
from drillyard.probes.tasks.task import GROUP, STYLES, Task
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget

__all__ = ["TASKS", "task_for"]


def _persona(target: Target) -> Task:
    if not isinstance(target, LiarTarget):
        raise bad_input(f"the task persona for {target.reference!r}", "liar/knows, liar/blind … or liar/./DIR")
    return persona(target.seed)


def _misreport(target: Target) -> Task:
    if not isinstance(target, OrganismTarget):
        raise bad_input(f"the task misreport for {target.reference!r}", "organism/./DIR")
    return misreport(target.organism)


TASKS: Mapping[str, Callable[[Target], Task]] = {
    "capitals": lambda _: capitals(),
    "sums": lambda _: sums(),
    "sizes": lambda _: sizes(),
    "persona": _persona,
    "misreport": _misreport,
}
"""Name -> what makes it for a target."""


def task_for(name: str) -> Callable[[Target], Task]:
    """Return what makes a task for a target, by its name or from a file of statements (`.jsonl`), which is read now.

    Raises:
        BadInput: no such task, or a file without labels, groups or plain rows; called, a target that it is not for.
    """
    if name.endswith(".jsonl"):
        task = _from_file(Path(name))
        return lambda _: task
    if name not in TASKS:
        near = difflib.get_close_matches(name, TASKS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else ""
        raise bad_input(f"the task {name!r}", f"one of: {', '.join(TASKS)}, or a file of statements (.jsonl)", hint)
    return TASKS[name]


def _from_file(path: Path) -> Task:
    rows = read_statements(path)
    if bare := next((row for row in rows if row.label is None or not row.group), None):
        raise bad_input(
            f"{bare.text!r:.60} without a label or a group", "both, in every line", "see docs/reference/probes.md"
        )
    if not any(row.cell == GROUP for row in rows):
        raise bad_input(f"no row of the cell {GROUP!r}", f"rows to fit on: leave `cell` out, or name it {GROUP!r}")
    for cell in dict.fromkeys(row.cell for row in rows):
        labels = {row.label for row in rows if row.cell == cell}
        if len(labels) < 2:
            raise bad_input(
                f"only {'true' if True in labels else 'false'} rows in the cell {cell!r}", "both kinds in each"
            )
    styles = tuple(dict.fromkeys(row.cell for row in rows if row.cell in STYLES))
    return Task(name=path.stem, words=f"{len(rows)} statements of {path.name}", rows=tuple(rows), styles=styles)
