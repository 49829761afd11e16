"""Running tasks: try them, try again what was lost, name what cannot be done, and let all others finish.

    for task in run_tasks(tasks, folder, placement, spec=spec, seconds=3600):
        told(task.name)

What is there already is not run again, whoever ran it, so the same call goes on after any kill. Where a task runs
decides nothing about its file.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from drillyard.errors import BadInput, DrillyardError, bad_input
from drillyard.records.base import Record
from drillyard.records.journal import Journal
from drillyard.registry import resolve
from drillyard.tasks.merging import check_merge
from drillyard.tasks.nodes import hash_code
from drillyard.tasks.placement import HERE, TASKS, Placement
from drillyard.tasks.task import Ending, Limits, Task
from drillyard.tasks.workers import Pool, memory_of_machine

__all__ = ["TRIES", "Backend", "TasksFailed", "run_tasks"]

TRIES = 3
"""Starts of a task that crashes, hangs or takes too much memory: one machine that fails does not end a run, and what
fails thrice on its own account is found in finite time. Chosen, not measured."""
_LOOK_SECONDS = 5.0
_AGAIN = ("memory", "hung", "crashed", "lost")


class TasksFailed(DrillyardError):
    """Tasks that could not be done, each after its tries; all others are done."""


class Backend(Protocol):
    """What runs tasks. `room` is how many it takes at a time."""

    room: int

    def submit(self, task: Task) -> None:
        """Begin a task."""

    def ended(self, seconds: float) -> Iterable[tuple[Task, Ending]]:
        """Wait until a task ends, at most so long, and say which have and how."""


class _Here:
    """This process: one task at a time, and an error is raised where it arises."""

    def __init__(self) -> None:
        self.room = 1
        self._task: Task | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End nothing: there is nothing but this process."""

    def submit(self, task: Task) -> None:
        self._task = task

    def ended(self, seconds: float) -> Iterable[tuple[Task, Ending]]:
        if self._task is not None:
            self._task.call(*self._task.args)
            yield self._task, Ending(how="done")


def run_tasks(
    tasks: Sequence[Task], folder: Path, placement: Placement = HERE, *, spec: Record, seconds: float
) -> Iterator[Task]:
    """Yield every task, or every one of the part, as soon as it is done; those that were done before come first.

    Args:
        tasks: in an order that is the same for every part.
        folder: of the run, the same for every worker.
        placement: where they run; a merge runs nothing.
        spec: what the tasks follow from, all of it: by its hash parts of one run know each other.
        seconds: after which a task counts as hanging; chosen far above what one takes.

    Raises:
        BadInput: what a task says of its input; or a cluster that cannot be used, or a merge with a part missing.
        TasksFailed: tasks that could not be done, when all others are.
    """
    key = hashlib.sha256(spec.to_json().encode()).hexdigest()[:16]
    if placement.merge:
        check_merge(tasks, folder, placement.sources, key)
    mine, todo = placement.share(tasks), []
    for task in mine:
        if task.finished:
            yield task
        else:
            todo.append(task)
    if todo:
        journal = Journal(placement.desk(folder) / "journal.jsonl", dict)
        share = memory_of_machine() // placement.workers if placement.workers else None  # else Ray watches each node's
        limits = Limits(seconds=seconds, memory=share, evidence=folder / TASKS)
        if placement.on:
            limits = replace(limits, code=hash_code(), base=Path.cwd())
        with _backend(placement, len(todo), folder, limits) as backend:
            yield from _drive(todo, backend, journal, limits)
    if placement.part:
        placement.finish(folder, mine, key)


def _backend(placement: Placement, count: int, folder: Path, limits: Limits) -> AbstractContextManager[Backend]:
    if placement.on:
        cluster: AbstractContextManager[Backend] = resolve(
            "drillyard.tasks.cluster_ray:RayCluster", "cluster", f"--on {placement.on}"
        )(placement.on, placement.workers, folder, limits)
        return cluster
    return Pool(min(placement.workers, count), limits) if placement.apart else _Here()


def _drive(
    tasks: Iterable[Task], backend: Backend, journal: Journal[dict[str, object]], limits: Limits
) -> Iterator[Task]:
    waiting, tries, running = deque(tasks), Counter[str](), 0
    failed: list[tuple[Task, Ending]] = []
    while waiting or running:
        while waiting and running < backend.room:
            task = waiting.popleft()
            tries[task.name] += 1
            backend.submit(task)
            running += 1
        for task, told in backend.ended(_LOOK_SECONDS):
            running -= 1
            ending = _look(task, told, limits)
            journal.append({"task": task.name, "try": tries[task.name], "ended": ending.how})
            if ending.how == "done":
                yield task
            elif ending.how == "refused":
                raise BadInput(ending.words)
            elif ending.how in _AGAIN and tries[task.name] < TRIES:
                waiting.append(task)
            else:
                failed.append((task, ending))
    if failed:
        raise _failure(failed, tries)


def _look(task: Task, told: Ending, limits: Limits) -> Ending:
    """Return how a task ended, by what is on the disk."""
    if task.finished:  # killed after its file was there: that is done
        return Ending(how="done")
    if told.how == "done":
        return Ending(how="lost", words="was done where this machine does not see it")
    stack = limits.stack_of(task)
    if told.how == "crashed" and stack.is_file():
        if lines := stack.read_text(encoding="utf-8", errors="replace").splitlines():
            return Ending(how="hung", words=f"took over {limits.seconds:g} s ({_at(lines)}; all of it: {stack})")
        stack.unlink(missing_ok=True)
    return told


def _at(lines: Sequence[str]) -> str:
    """Return where the thread that ran the task was: its innermost line, which comes first in its stack."""
    stack: list[str] = []
    for line in lines:
        stack = [*stack, line.strip()] if line.startswith("  ") else []
        if line.endswith(" in perform"):
            break
    return (stack or [lines[0]])[0].replace('"', "")


def _failure(failed: Sequence[tuple[Task, Ending]], tries: Counter[str]) -> TasksFailed:
    told = [f"{task.name} {ending.words} ({_times(tries[task.name])})" for task, ending in failed[:5]]
    more = [f"and {len(failed) - 5} more"] if len(failed) > 5 else []
    found = bad_input(
        f"{len(failed)} tasks that cannot be done: {'; '.join([*told, *more])}" if len(failed) > 1 else
        f"a task that cannot be done: {told[0]}",
        "tasks that end",
        "all others are done and kept: put it right and type the same command again",
    )  # fmt: skip
    error = TasksFailed(str(found))
    for _, ending in failed:
        if ending.trace:
            error.add_note(ending.trace)
    return error


def _times(tries: int) -> str:
    return f"{tries} tries" if tries > 1 else "1 try"
