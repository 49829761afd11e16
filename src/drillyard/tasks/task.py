"""A task, and running one in a worker: watched for time and memory, its error told in words.

This module imports nothing heavy, because a worker must limit its threads before it loads numpy.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import socket
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drillyard.errors import DrillyardError
from drillyard.tasks.nodes import hash_code

__all__ = ["Ending", "How", "Limits", "Task", "perform"]

How = Literal["done", "refused", "failed", "memory", "hung", "crashed", "lost"]
"""Ways to end: done; refused (the user can put it right); an error of ours; the three that another try may mend; and
done without a file that can be seen here."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A pure function's call that leaves a file.

    Args:
        name: what it is called in messages and in the journal; each in a run has its own.
        call: a function of a module, so that a worker finds it by name.
        args: what it is called with; they travel to the worker.
        files: of which one is there, whole, once the task is done.
    """

    name: str
    call: Callable[..., object]
    args: tuple[Any, ...] = ()
    files: tuple[Path, ...]

    @property
    def finished(self) -> bool:
        """Say whether it is done."""
        return any(file.is_file() for file in self.files)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a task may take, by which one that hangs or eats memory is told.

    Args:
        seconds: after which a worker ends itself; the stacks of its threads are left in `evidence`.
        memory: bytes of data of a worker, what was there before included; None for no limit.
        evidence: the folder for stacks.
        code: hash of the code that must run it; empty for any.
        base: the folder that relative paths start from; where it is missing, a worker stays where it is.
    """

    seconds: float
    memory: int | None
    evidence: Path
    code: str = ""
    base: Path | None = None

    def stack_of(self, task: Task) -> Path:
        """Return where the stacks of a task that hangs are left."""
        return self.evidence / f"{task.name.replace('/', '-')}.stack"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a try ended; `words` for people, `trace` for whoever mends a mistake of ours."""

    how: How
    words: str = ""
    trace: str = ""


def perform(task: Task, limits: Limits) -> Ending:
    """Run a task in this process, a worker's. A task that is done is not run again."""
    if task.finished:
        return Ending(how="done")
    if limits.code not in ("", hash_code()):  # a node that came after the others were checked
        return Ending(
            how="refused", words=f"found other code of drillyard on {socket.gethostname()}, expected one everywhere"
        )
    try:
        if limits.base and limits.base.is_dir():
            os.chdir(limits.base)
        with _watched(task, limits):
            task.call(*task.args)
    except MemoryError:
        return Ending(how="memory", words=_memory_words(limits))
    except DrillyardError as error:
        return Ending(how="refused", words=str(error))
    except Exception as error:  # whatever it is, the other tasks are run
        return Ending(how="failed", words=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
    return Ending(how="done")


def _memory_words(limits: Limits) -> str:
    share = f"its {limits.memory / 2**30:.1f} GiB" if limits.memory else "what there is"
    return f"needs more memory than {share}: fewer workers leave each one more"


@contextlib.contextmanager
def _watched(task: Task, limits: Limits) -> Iterator[None]:
    """End this process when the time is over, wherever it is stuck; refuse memory above the limit.

    The watch is a thread of C, so it bites where a signal's handler in Python would wait for a loop in C to end.
    """
    stack = limits.stack_of(task)
    stack.parent.mkdir(parents=True, exist_ok=True)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with stack.open("w", encoding="utf-8") as file:
        try:
            if limits.memory:
                resource.setrlimit(resource.RLIMIT_DATA, (min(limits.memory, _most(before[1])), before[1]))
            faulthandler.dump_traceback_later(limits.seconds, exit=True, file=file)
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            resource.setrlimit(resource.RLIMIT_DATA, before)
            stack.unlink(missing_ok=True)


def _most(hard: int) -> int:
    return hard if hard != resource.RLIM_INFINITY else 1 << 62
