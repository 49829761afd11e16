"""Tasks by name."""

from __future__ import annotations

import difflib
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

__all__ = ["TASKS", "open_task"]

TASKS = ("capitals", "sums", "sizes", "persona", "misreport")
_PLAIN = {"capitals": capitals, "sums": sums, "sizes": sizes}


def open_task(name: str, target: Target) -> Task:
    """Return a task for a target, by its name or from a file of statements (`.jsonl`).

    Raises:
        BadInput: no such task, one for another kind of target, or a file without labels, groups or plain rows.
    """
    if name.endswith(".jsonl"):
        return _from_file(Path(name))
    if name in _PLAIN:
        return _PLAIN[name]()
    if name == "persona":
        if not isinstance(target, LiarTarget):
            raise bad_input(f"the task persona for {target.reference!r}", "liar/knows, liar/blind … or liar/./DIR")
        return persona(target.seed)
    if name == "misreport":
        if not isinstance(target, OrganismTarget):
            raise bad_input(f"the task misreport for {target.reference!r}", "organism/./DIR")
        return misreport(target.organism)
    near = difflib.get_close_matches(name, TASKS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else ""
    raise bad_input(f"the task {name!r}", f"one of: {', '.join(TASKS)}, or a file of statements (.jsonl)", hint)


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
