"""Worker processes of our own: one thread of arithmetic each, and gone when their parent is gone.

This module imports nothing heavy, because a worker must limit its threads before it loads numpy.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Self

from drillyard.tasks.task import Ending, Limits, Task, perform

__all__ = ["ONE_THREAD", "Pool", "count_processors", "memory_of_machine"]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment of a process that is one of several: more threads than processors only wait for each other."""


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def memory_of_machine() -> int:
    """Return the bytes of memory that this process may hope for: the machine's, or its container's."""
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            return min(most, int(file.read()))
    except (OSError, ValueError):  # no container, or one without a limit
        return most


class Pool:
    """Fresh processes of this machine, one task at a time each; they end with this one, even when it is killed.

    Each is an executor of its own, because one whose process is killed gives up everything that waits in it.
    """

    def __init__(self, workers: int, limits: Limits) -> None:
        self.room = workers
        self._limits = limits
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: dict[Future[Ending], tuple[ProcessPoolExecutor, Task]] = {}

    def __enter__(self) -> Self:
        """Return the pool; a process is started with the first task that needs it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the processes finish what they are at, and end."""
        for worker in (*self._idle, *(worker for worker, _ in self._busy.values())):
            worker.shutdown()

    def submit(self, task: Task) -> None:
        """Begin a task."""
        worker = self._idle.pop() if self._idle else _start()
        self._busy[worker.submit(perform, task, self._limits)] = worker, task

    def ended(self, seconds: float) -> Iterator[tuple[Task, Ending]]:
        """Wait until a task ends, at most so long, and yield those that have."""
        for future in wait(self._busy, seconds, FIRST_COMPLETED).done:
            worker, task = self._busy.pop(future)
            try:
                ending = future.result()
                self._idle.append(worker)
            except BrokenProcessPool:
                ending = Ending(how="crashed", words="its process was killed")
            yield task, ending


def _start() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    os.environ.update(ONE_THREAD)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends a worker at once instead of failing its present job
    threading.Thread(target=_follow, name="follow-parent", daemon=True).start()


def _follow() -> None:
    """Wait for the end of the parent, then end as well: a pool's workers would otherwise wait for it for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
