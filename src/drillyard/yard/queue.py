"""The grading queue: one worker thread that takes what was handed in and has it graded."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable

from drillyard.errors import DrillyardError
from drillyard.records import AnySubmission, Grade
from drillyard.yard.submissions import Submissions, Work

__all__ = ["LEASE_SECONDS", "GradingQueue"]

LEASE_SECONDS = 15.0

_log = logging.getLogger(__name__)


class GradingQueue:
    """Grades submissions in the order in which they came, one at a time.

    `grader` is called with a submission and answers with its grade, or raises `DrillyardError` with the line that the
    learner is to read. While it works, its lease is renewed; after a kill, a submission waits for at most
    `lease_seconds` before the next server takes it up.
    """

    def __init__(
        self, submissions: Submissions, grader: Callable[[AnySubmission], Grade], lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._submissions = submissions
        self._grader = grader
        self._lease = lease_seconds
        self._owner = secrets.token_hex(8)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grading", daemon=True)

    def start(self) -> None:
        """Begin to work, with what an earlier server left behind first."""
        self._thread.start()

    def stop(self, wait_seconds: float = 1.0) -> None:
        """End the work; a grading that does not end in time is left to its lease."""
        self._stop.set()
        self._wake.set()
        self._thread.join(wait_seconds)

    def wake(self) -> None:
        """Say that something was handed in."""
        self._wake.set()

    def work_once(self) -> bool:
        """Grade the next submission that is free; false when there is none."""
        work = self._submissions.claim(self._owner, self._lease)
        if work is None:
            return False
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(work, done), name="grading-lease", daemon=True)
        keeper.start()
        try:
            self._grade(work)
        finally:
            done.set()
            keeper.join()
        return True

    def _grade(self, work: Work) -> None:
        try:
            grade = self._grader(work.submission)
        except DrillyardError as error:
            self._submissions.fail(work, self._owner, str(error))
        except Exception:  # whatever a grader does, the learner is told and the queue goes on
            _log.exception("grading submission %s", work.id)
            self._submissions.fail(work, self._owner, "Grading stopped at a fault of the yard, not of your work.")
        else:
            self._submissions.finish(work, self._owner, grade)

    def _keep(self, work: Work, done: threading.Event) -> None:
        while not done.wait(self._lease / 3):
            self._submissions.renew(work, self._owner, self._lease)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                busy = self.work_once()
            except Exception:  # a full disk or a locked database passes; the queue must still be there when it has
                _log.exception("grading queue")
                busy = False
            if not busy:
                self._wake.wait(min(1.0, self._lease / 3))
