"""Grading beside the web: `drillyard yard work` takes what was handed in, as many processes and machines as there are.

They share one database, and see the programme folder: the same one over a network drive, or a copy of it.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from drillyard.drills.grade import with_hint_cost
from drillyard.drills.levels import kit_of
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_isolated
from drillyard.records import AnySubmission, Grade
from drillyard.registrar.located import open_store, remember_database
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions
from drillyard.yard.queue import LEASE_SECONDS, WORKERS, GradingQueue

__all__ = ["GRACE_SECONDS", "grade_for", "work"]

GRACE_SECONDS = 60.0
"""How long a worker that is told to stop goes on with what it grades: most take under 30 s; then it is given back."""

_log = logging.getLogger(__name__)

Grader = Callable[[AnySubmission], Grade]


def work(
    folder: Path,
    workers: int = WORKERS,
    db: str = "",
    *,
    grader: Grader | None = None,
    lease_seconds: float = LEASE_SECONDS,
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Grade until SIGTERM or Ctrl+C, `workers` submissions at a time; a second signal does not wait for them.

    Raises:
        BadInput: the folder is no programme folder, or the database cannot be used.
    """
    programme, told = ProgramFolder(folder), threading.Event()
    programme.brief()
    store = open_store(programme, db=db)
    remember_database(programme, db)
    queue = GradingQueue(
        Submissions(store), partial(grade_for, programme, store, grader), lease_seconds, workers=workers
    )

    def stop(*_: object) -> None:
        if told.is_set():
            raise KeyboardInterrupt
        told.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    queue.start()
    _log.info("%d workers are at work", workers)
    ready()
    try:
        told.wait()
        queue.stop(GRACE_SECONDS)
    except KeyboardInterrupt:
        queue.stop(0.0)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        store.close()


def grade_for(programme: ProgramFolder, store: Store, grader: Grader | None, submission: AnySubmission) -> Grade:
    """Grade a submission, in a process of its own unless by another `grader`, and take off what hints cost."""
    # Before the grading, whose minutes would be lost where the database went away meanwhile.
    cost = sum(hint.cost for hint in store.hints(submission.learner, submission.instance))
    plain = grader(submission) if grader else grade_isolated(programme, submission)
    instance = programme.instance(submission.instance)
    return with_hint_cost(plain, cost, kit_of(instance).drill.pass_mark)
