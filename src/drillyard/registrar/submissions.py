"""Submissions: handed in once, graded once, whatever dies in between.

    received ──claim──▶ grading ──finish──▶ graded
        ▲                 │  ╲──fail─────▶ failed ──retry, or handed in anew──▶ received
        ╰─worker is dead, or gives it back

A submission is committed before the learner sees a reply. A worker takes it and counts its `beats` up while it grades;
whoever sees the count stand still for the length of a lease, by a clock of their own that only runs forward, may take
the submission over: no time of day is compared, so setting a clock changes nothing. A grade is stored only by the
worker that holds the submission, in the same transaction that ends the grading, under a key that admits one grade.

The order is fair: first gradings before retries, then the learner whose last turn is longest ago, then the oldest. A
learner has one grading under way at a time, however many workers there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from drillyard.records import AnySubmission, Grade, read_any
from drillyard.registrar.store import Refused, Store
from drillyard.registrar.tables import GradeRow, SubmissionRow

__all__ = ["MAX_RETRIES", "MAX_TRIES", "UNATTENDED", "GradingProgress", "Hold", "Submissions", "Work"]

MAX_TRIES = 3
"""Gradings that may be cut off, by a kill or a crash, before a submission is given up."""

_CUT_OFF = f"Grading was cut off {MAX_TRIES} times, so it was given up."

MAX_RETRIES = 3
"""How often a learner may have a submission graded again that could not be graded; then it is the designer's."""


@dataclass(frozen=True, kw_only=True)
class GradingProgress:
    """How far a submission is: `status`, the line that says why it failed, the grade once there is one.

    `retries` are those that are left to its learner.
    """

    submission: AnySubmission
    status: str
    error: str
    received: float
    grade: Grade | None
    retries: int = MAX_RETRIES

    @property
    def waiting(self) -> bool:
        """True while a grade is still to come."""
        return self.status in {"received", "grading"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """A submission that a worker holds the lease of."""

    id: int
    submission: AnySubmission


class Hold(NamedTuple):
    """A grading under way: which submission, by which worker, and how far that worker has counted."""

    id: int
    owner: str
    beats: int


class Submissions:
    """The queue's half of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hand_in(self, submission: AnySubmission) -> int:
        """Keep a submission and return its id; a second one of the same learner and instance is the first again.

        Where the first could not be graded, the second takes its place: only a grade uses up an attempt.
        """
        learner, instance = submission.learner, submission.instance
        with self._store.writing(learner) as session:
            row: SubmissionRow | None = session.scalar(_mine(learner, instance))
            if row is None:
                row = SubmissionRow(
                    learner=learner, instance=instance, body=submission.to_json(), received=self._store.clock()
                )
                session.add(row)
                self._store.note(session, learner, instance, "submitted")
                session.flush()
            elif row.status == "failed":
                row.body, row.received = submission.to_json(), self._store.clock()
                row.status, row.error, row.tries = "received", "", 0
                self._store.note(session, learner, instance, "submitted", "again")
            return row.id

    def closed(self, learner: str, instance: str) -> bool:
        """Say whether an attempt is over: something was handed in, and its grading has not failed."""
        progress = self.of(learner, instance)
        return progress is not None and progress.status != "failed"

    def of(self, learner: str, instance: str) -> GradingProgress | None:
        """Return the progress of a learner's submission on an instance, or `None` when nothing was handed in."""
        with self._store.reading() as session:
            found = session.execute(_graded().where(*_match(learner, instance))).one_or_none()
        return _progress(*found) if found else None

    def of_learner(self, learner: str) -> dict[str, GradingProgress]:
        """Return the progress of all that a learner handed in, by instance."""
        with self._store.reading() as session:
            found = session.execute(_graded().where(SubmissionRow.learner == learner))
            return {row.instance: _progress(row, grade) for row, grade in found}

    def all(self) -> list[GradingProgress]:
        """Return every submission's progress, oldest first."""
        with self._store.reading() as session:
            return [_progress(*found) for found in session.execute(_graded().order_by(SubmissionRow.id))]

    def holds(self) -> list[Hold]:
        """Return the gradings under way, for a watcher that looks which of them stand still."""
        under_way = select(SubmissionRow).where(SubmissionRow.status == "grading").order_by(SubmissionRow.id)
        with self._store.reading() as session:
            return [Hold(row.id, row.owner or "", row.beats) for row in session.scalars(under_way)]

    def any_waiting(self) -> bool:
        """Say whether anything waits for a worker; a submission that its learner's other one keeps waiting counts."""
        with self._store.reading() as session:
            return (
                session.scalar(select(SubmissionRow.id).where(SubmissionRow.status == "received").limit(1)) is not None
            )

    def unattended(self) -> bool:
        """Say whether something has waited for `UNATTENDED` seconds while nothing is graded: no worker may be there."""
        with self._store.reading() as session:
            oldest = session.scalar(select(func.min(SubmissionRow.received)).where(SubmissionRow.status == "received"))
            graded = select(SubmissionRow.id).where(SubmissionRow.status == "grading").limit(1)
            return oldest is not None and self._store.clock() - oldest > UNATTENDED and session.scalar(graded) is None

    def claim(self, owner: str, dead: Collection[Hold] = ()) -> Work | None:
        """Take the submission whose turn it is, or `None`; the `dead` are free again if they still stand where seen."""
        with self._store.writing() as session:
            for hold in dead:
                session.execute(update(SubmissionRow).where(*_same(hold)).values(status="received", owner=None))
            row = session.scalar(_in_turn())
            if row is None:
                return None
            turn = 1 + (session.scalar(select(func.max(SubmissionRow.turn))) or 0)
            row.status, row.owner, row.beats, row.turn, row.tries = "grading", owner, 0, turn, row.tries + 1
            if row.tries > MAX_TRIES:
                self._end(
                    session,
                    row,
                    "failed",
                    _CUT_OFF,
                )
                return None
            self._store.note(session, row.learner, row.instance, "grading", f"try {row.tries}")
            return Work(id=row.id, submission=read_any(row.body))

    def beat(self, work: Work, owner: str) -> None:
        """Show that the worker lives; of no effect once another worker holds the submission."""
        with self._store.writing(f"submission {work.id}") as session:
            session.execute(update(SubmissionRow).where(*_held(work, owner)).values(beats=SubmissionRow.beats + 1))

    def finish(self, work: Work, owner: str, grade: Grade) -> bool:
        """Store the grade and end the grading; false, with nothing stored, when another worker holds it by now."""
        with self._store.writing(f"submission {work.id}") as session:
            row = session.scalar(select(SubmissionRow).where(*_held(work, owner)))
            if row is None:
                return False
            session.add(GradeRow(submission=row.id, body=grade.to_json(), at=self._store.clock()))
            self._end(session, row, "graded")
        return True

    def fail(self, work: Work, owner: str, error: str) -> bool:
        """End the grading without a grade and say why; the submission is kept for `retry`."""
        with self._store.writing(f"submission {work.id}") as session:
            row = session.scalar(select(SubmissionRow).where(*_held(work, owner)))
            if row is None:
                return False
            self._end(session, row, "failed", error)
        return True

    def give_back(self, work: Work, owner: str) -> bool:
        """Let another worker have a submission at once; the try counts, so that none goes round for ever."""
        with self._store.writing(f"submission {work.id}") as session:
            row = session.scalar(select(SubmissionRow).where(*_held(work, owner)))
            if row is None:
                return False
            row.status, row.owner = "received", None
        return True

    def retry(self, learner: str, instance: str) -> None:
        """Let a failed submission be graded again; of no effect on any other.

        Raises:
            Refused: it was retried `MAX_RETRIES` times.
        """
        with self._store.writing(learner) as session:
            row = session.scalar(_mine(learner, instance))
            if row is None or row.status != "failed":
                return
            if row.retries >= MAX_RETRIES:
                raise Refused(f"found a submission that was retried {MAX_RETRIES} times; tell your designer instead")
            row.status, row.error, row.tries, row.retries = "received", "", 0, row.retries + 1
            self._store.note(session, learner, instance, "retried")

    def _end(self, session: Session, row: SubmissionRow, status: str, error: str = "") -> None:
        row.status, row.error, row.owner = status, error, None
        self._store.note(session, row.learner, row.instance, status, error)


def _match(learner: str, instance: str) -> tuple[Any, Any]:
    return SubmissionRow.learner == learner, SubmissionRow.instance == instance


def _mine(learner: str, instance: str) -> Any:
    return select(SubmissionRow).where(*_match(learner, instance))


def _held(work: Work | Hold, owner: str) -> tuple[Any, ...]:
    """Match the submission only while this worker holds it."""
    return SubmissionRow.id == work.id, SubmissionRow.owner == owner, SubmissionRow.status == "grading"


def _same(hold: Hold) -> tuple[Any, ...]:
    """Match the submission only while it stands where a watcher saw it."""
    return (*_held(hold, hold.owner), SubmissionRow.beats == hold.beats)


def _in_turn() -> Any:
    """Select the submission whose turn it is."""
    other = aliased(SubmissionRow)
    busy = select(other.learner).where(other.status == "grading")
    last = select(other.learner, func.max(other.turn).label("turn")).group_by(other.learner).subquery()
    return (
        select(SubmissionRow)
        .join(last, last.c.learner == SubmissionRow.learner)
        .where(SubmissionRow.status == "received", SubmissionRow.learner.not_in(busy))
        .order_by(SubmissionRow.retries > 0, last.c.turn, SubmissionRow.id)
        .limit(1)
    )


def _graded() -> Any:
    return select(SubmissionRow, GradeRow).outerjoin(GradeRow, GradeRow.submission == SubmissionRow.id)


def _progress(row: SubmissionRow, grade: GradeRow | None) -> GradingProgress:
    return GradingProgress(
        submission=read_any(row.body),
        status=row.status,
        error=row.error,
        received=row.received,
        grade=Grade.from_json(grade.body) if grade else None,
        retries=MAX_RETRIES - row.retries,
    )


UNATTENDED = 60.0
"""Seconds that a submission waits before it is said that nobody grades: a worker looks for work every second or so."""
