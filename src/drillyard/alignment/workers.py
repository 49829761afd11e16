"""Worker processes of our own: one thread of arithmetic each, and gone when their parent is gone.

This module imports nothing heavy, because a worker must limit its threads before it loads numpy.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor

__all__ = ["ONE_THREAD", "count_processors", "start_pool"]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment of a process that is one of several: more threads than processors only wait for each other."""


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def start_pool(count: int) -> ProcessPoolExecutor:
    """Return a pool of `count` fresh processes; they end with this one, even when it is killed."""
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    os.environ.update(ONE_THREAD)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends a worker at once instead of failing its present job
    threading.Thread(target=_follow, name="follow-parent", daemon=True).start()


def _follow() -> None:
    """Wait for the end of the parent, then end as well: a pool's workers would otherwise wait for it for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
