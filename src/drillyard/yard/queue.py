"""The grading queue: a few worker threads that take what was handed in and have it graded, here or beside the web.

`drillyard yard work` runs one in a process of its own; any number of them share a database, on several machines where
it is a server. What keeps two of them from one submission is the lease in the store, the same on both databases.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from drillyard.errors import GradingFailed
from drillyard.records import AnySubmission, Grade
from drillyard.registrar.store import AWAY
from drillyard.registrar.submissions import Hold, Submissions, Work

__all__ = ["LEASE_SECONDS", "WORKERS", "GradingQueue", "LeaseWatch"]

LEASE_SECONDS = 15.0
"""Three beats of a worker, which are 5 s apart: one may be lost on a busy machine."""

WORKERS = 2
"""Gradings at a time, never two of one learner: so one slow grading delays nobody else's. More would only take the
processors away from the pages on the two cores that a small server has."""

_log = logging.getLogger(__name__)


class LeaseWatch:
    """Tells dead workers from slow ones: a count that stands still for `seconds` belongs to a dead one.

    It reads only its own `clock`, which must run forward; so it watches from its first look on, and a server that
    starts waits for one lease before it takes up what another left behind.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._since: dict[Hold, float] = {}

    def dead(self, holds: list[Hold]) -> list[Hold]:
        """Return those of the gradings under way whose count has stood still for too long."""
        now = self._clock()
        self._since = {hold: self._since.get(hold, now) for hold in holds}
        return [hold for hold, since in self._since.items() if now - since >= self._seconds]

    def forget(self) -> None:
        """Begin to watch anew: where the database was away, nobody could show that they live."""
        self._since = {}


class GradingQueue:
    """Grades submissions in the fair order of `Submissions.claim`.

    `grader` is called with a submission and answers with its grade, or raises `GradingFailed` with the line that the
    learner is to read. While it works, its worker's count goes up; after a kill, a submission waits for at most
    `lease_seconds` before the next server takes it up. `clock` only runs forward.

    A database that goes away meanwhile loses no grade: its worker keeps it and asks again until the database is back.
    """

    def __init__(
        self,
        submissions: Submissions,
        grader: Callable[[AnySubmission], Grade],
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        workers: int = WORKERS,
    ) -> None:
        self._submissions = submissions
        self._grader = grader
        self._lease = lease_seconds
        self._watch = LeaseWatch(lease_seconds, clock)
        self._watching = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, name="grading", daemon=True) for _ in range(workers)]
        self._held: dict[str, Work] = {}

    def start(self) -> None:
        """Begin to work, with what an earlier server left behind as soon as that is known to be dead."""
        for thread in self._threads:
            thread.start()

    def stop(self, wait_seconds: float = 1.0) -> None:
        """End the work; a grading that does not end in time is given back, or left to its lease where that fails."""
        self._stop.set()
        self._wake.set()
        until = time.monotonic() + wait_seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        with suppress(*AWAY):
            for owner, work in list(self._held.items()):
                self._submissions.give_back(work, owner)

    def wake(self) -> None:
        """Say that something was handed in."""
        self._wake.set()

    def work_once(self) -> bool:
        """Grade the submission whose turn it is; false when there is none."""
        owner = secrets.token_hex(8)
        work = self._claim(owner)
        if work is None:
            return False
        self._held[owner] = work
        _log.info("grading of submission %d begins", work.id)
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(work, owner, done), name="grading-lease", daemon=True)
        keeper.start()
        try:
            self._grade(work, owner)
        finally:
            done.set()
            keeper.join()
            self._held.pop(owner, None)
            _log.info("grading of submission %d is over", work.id)
        return True

    def _claim(self, owner: str) -> Work | None:
        with self._watching:
            try:
                holds = self._submissions.holds()
            except AWAY:
                self._watch.forget()
                raise
            dead = self._watch.dead(holds)
        if not dead and not self._submissions.any_waiting():  # an idle worker takes no lock that others wait for
            return None
        return self._submissions.claim(owner, dead)

    def _grade(self, work: Work, owner: str) -> None:
        try:
            grade = self._grader(work.submission)
        except AWAY:  # the database went away, not the grading wrong
            _log.exception("submission %s is given back", work.id)
            self._insist(lambda: self._submissions.give_back(work, owner))
        except GradingFailed as error:
            line = str(error)
            self._insist(lambda: self._submissions.fail(work, owner, line))
        except Exception:  # whatever a grader does, the learner is told and the queue goes on
            _log.exception("grading submission %s", work.id)
            line = "Grading stopped at a fault of the yard, not of your work."
            self._insist(lambda: self._submissions.fail(work, owner, line))
        else:
            self._insist(lambda: self._submissions.finish(work, owner, grade))

    def _insist(self, end: Callable[[], object]) -> None:
        """Store how a grading ended, again and again where the database is away or full, until the queue stops."""
        while True:
            try:
                end()
                return
            except AWAY:
                self._look_anew()
                _log.exception("the end of a grading cannot be stored yet")
                if self._stop.wait(self._lease / 3):
                    return

    def _keep(self, work: Work, owner: str, done: threading.Event) -> None:
        while not done.wait(self._lease / 3):
            try:
                self._submissions.beat(work, owner)
            except Exception:  # a full disk passes; until then nobody else can take the submission either
                self._look_anew()
                _log.exception("lease of submission %s", work.id)

    def _look_anew(self) -> None:
        """Hold nobody for dead who could not show that they live, as we cannot."""
        with self._watching:
            self._watch.forget()

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
