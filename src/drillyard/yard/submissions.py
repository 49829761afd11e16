"""Submissions: handed in once, graded once, whatever dies in between.

    received ──claim──▶ grading ──finish──▶ graded
        ▲                 │  ╲──fail─────▶ failed ──retry──▶ received
        ╰──lease ran out──╯

A submission is committed before the learner sees a reply. A worker takes it with a lease that it renews while it
grades; a lease that ran out (the server was killed) is open to any worker. A grade is stored only by the worker that
holds the lease, in the same transaction that ends the grading, under a key that admits one grade per submission.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from drillyard.records import AnySubmission, Grade, read_any
from drillyard.yard.store import Store
from drillyard.yard.tables import GradeRow, SubmissionRow

__all__ = ["MAX_TRIES", "Progress", "Submissions", "Work"]

MAX_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a submission is: `status`, the line that says why it failed, the grade once there is one."""

    submission: AnySubmission
    status: str
    error: str
    received: float
    grade: Grade | None

    @property
    def waiting(self) -> bool:
        """True while a grade is still to come."""
        return self.status in {"received", "grading"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """A submission that a worker holds the lease of."""

    id: int
    submission: AnySubmission


class Submissions:
    """The queue's half of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hand_in(self, submission: AnySubmission) -> int:
        """Keep a submission and return its id; a second one of the same learner and instance is the first again."""
        learner, instance = submission.learner, submission.instance
        with self._store.writing() as session:
            row: SubmissionRow | None = session.scalar(_mine(learner, instance))
            if row is None:
                row = SubmissionRow(
                    learner=learner, instance=instance, body=submission.to_json(), received=self._store.clock()
                )
                session.add(row)
                self._store.note(session, learner, instance, "submitted")
                session.flush()
            return row.id

    def of(self, learner: str, instance: str) -> Progress | None:
        """Return the progress of a learner's submission on an instance, or `None` when nothing was handed in."""
        with self._store.reading() as session:
            found = session.execute(_graded().where(*_match(learner, instance))).one_or_none()
        return _progress(*found) if found else None

    def all(self) -> list[Progress]:
        """Return every submission's progress, oldest first."""
        with self._store.reading() as session:
            return [_progress(*found) for found in session.execute(_graded().order_by(SubmissionRow.id))]

    def claim(self, owner: str, seconds: float) -> Work | None:
        """Take the oldest submission that waits, or whose lease ran out, for `seconds`; `None` when there is none."""
        now = self._store.clock()
        free = or_(
            SubmissionRow.status == "received",
            and_(SubmissionRow.status == "grading", SubmissionRow.lease_until <= now),
        )
        with self._store.writing() as session:
            row = session.scalar(select(SubmissionRow).where(free).order_by(SubmissionRow.id).limit(1))
            if row is None:
                return None
            row.status, row.owner, row.lease_until, row.tries = "grading", owner, now + seconds, row.tries + 1
            if row.tries > MAX_TRIES:
                self._end(session, row, "failed", f"Grading was cut off {MAX_TRIES} times.")
                return None
            self._store.note(session, row.learner, row.instance, "grading", f"try {row.tries}")
            return Work(id=row.id, submission=read_any(row.body))

    def renew(self, work: Work, owner: str, seconds: float) -> None:
        """Hold the lease for `seconds` from now; of no effect once another worker holds it."""
        with self._store.writing() as session:
            session.execute(
                update(SubmissionRow).where(*_held(work, owner)).values(lease_until=self._store.clock() + seconds)
            )

    def finish(self, work: Work, owner: str, grade: Grade) -> bool:
        """Store the grade and end the grading; false, with nothing stored, when the lease is no longer ours."""
        with self._store.writing() as session:
            row = session.scalar(select(SubmissionRow).where(*_held(work, owner)))
            if row is None:
                return False
            session.add(GradeRow(submission=row.id, body=grade.to_json(), at=self._store.clock()))
            self._end(session, row, "graded")
        return True

    def fail(self, work: Work, owner: str, error: str) -> bool:
        """End the grading without a grade and say why; the submission is kept for `retry`."""
        with self._store.writing() as session:
            row = session.scalar(select(SubmissionRow).where(*_held(work, owner)))
            if row is None:
                return False
            self._end(session, row, "failed", error)
        return True

    def retry(self, learner: str, instance: str) -> None:
        """Let a failed submission be graded again; of no effect on any other."""
        with self._store.writing() as session:
            row = session.scalar(_mine(learner, instance))
            if row is not None and row.status == "failed":
                row.status, row.error, row.tries = "received", "", 0
                self._store.note(session, learner, instance, "retried")

    def _end(self, session: Session, row: SubmissionRow, status: str, error: str = "") -> None:
        row.status, row.error, row.owner, row.lease_until = status, error, None, 0.0
        self._store.note(session, row.learner, row.instance, status, error)


def _match(learner: str, instance: str) -> tuple[Any, Any]:
    return SubmissionRow.learner == learner, SubmissionRow.instance == instance


def _mine(learner: str, instance: str) -> Any:
    return select(SubmissionRow).where(*_match(learner, instance))


def _held(work: Work, owner: str) -> tuple[Any, ...]:
    """Match the submission only while this worker holds it."""
    return SubmissionRow.id == work.id, SubmissionRow.owner == owner, SubmissionRow.status == "grading"


def _graded() -> Any:
    return select(SubmissionRow, GradeRow).outerjoin(GradeRow, GradeRow.submission == SubmissionRow.id)


def _progress(row: SubmissionRow, grade: GradeRow | None) -> Progress:
    return Progress(
        submission=read_any(row.body),
        status=row.status,
        error=row.error,
        received=row.received,
        grade=Grade.from_json(grade.body) if grade else None,
    )
