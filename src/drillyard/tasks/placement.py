"""Where the tasks of a run are done: here, in processes, on a cluster; all of them or a part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drillyard.errors import bad_input
from drillyard.records.base import Record
from drillyard.records.files import read_record, write_record
from drillyard.records.locks import held
from drillyard.tasks.nodes import hash_code
from drillyard.tasks.task import Task

__all__ = ["HERE", "REPORT", "TASKS", "Part", "PartReport", "Placement"]

TASKS = "tasks"
"""The folder, in a run's, of what is known of its tasks: journals, the reports of parts, the stacks of what hangs."""
REPORT = "report.json"
"""In a part's folder: that it is done."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Every `of`-th task, from the `number`-th on."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2/3`. Raises `BadInput`."""
        match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text.strip())
        if match is None or int(match[1]) > int(match[2]):
            hint = "jobs of an array count from 0 or 1: see docs/how-to/many-machines.md"
            raise bad_input(f"part {text!r:.40}", "I/N with I from 1 to N, such as 2/3", hint)
        return cls(number=int(match[1]), of=int(match[2]))

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.number}/{self.of}"


class PartReport(Record):
    """A part of a run that is done: `run` is the hash of what the run follows from, `code` that of what ran it."""

    part: int
    of: int
    tasks: tuple[str, ...]
    run: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where tasks run.

    Args:
        workers: tasks at a time; one runs them in this process. On an address, 0 is as many as the cluster takes.
        on: empty for processes of this machine, `ray` for a cluster of it, else the address of a cluster's head.
        part: which of them, for jobs that know nothing of each other.
        merge: run nothing: take what parts have done, once all are there.
        sources: folders of parts that ran on disks of their own, for a merge.
    """

    workers: int = 1
    on: str = ""
    part: Part | None = None
    merge: bool = False
    sources: tuple[Path, ...] = ()

    @property
    def apart(self) -> bool:
        """Say whether tasks run in other processes than this one, which their functions and arguments must reach."""
        return bool(self.on) or self.workers > 1

    def desk(self, folder: Path) -> Path:
        """Return the folder of journal and report."""
        return folder / TASKS / f"part-{self.part.number}-of-{self.part.of}" if self.part else folder / TASKS

    def share(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Return those of the part, or all."""
        return tasks[self.part.number - 1 :: self.part.of] if self.part else tasks

    def finish(self, folder: Path, tasks: Sequence[Task], run: str) -> None:
        """Say that the part is done."""
        if self.part:
            names = tuple(task.name for task in tasks)
            report = PartReport(part=self.part.number, of=self.part.of, tasks=names, run=run, code=hash_code())
            write_record(self.desk(folder) / REPORT, report)

    def report(self, folder: Path) -> PartReport:
        """Return what the part has left when it was done."""
        return read_record(self.desk(folder) / REPORT, PartReport)

    @contextmanager
    def held(self, folder: Path) -> Iterator[None]:
        """Keep the run to this process, or the part of it. Raises `BadInput` where another one is at work."""
        with held(self.desk(folder) if self.part else folder):
            yield


HERE = Placement()
"""One task after the other, in this process."""
