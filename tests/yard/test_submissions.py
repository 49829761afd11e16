"""Submissions and the grading queue: handed in once, graded once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from yard.small_programme import ANN, SUBMISSION, Clock, grade_of, until

from drillyard.errors import GradingFailed
from drillyard.records import Grade, Submission
from drillyard.yard.queue import GradingQueue
from drillyard.yard.store import Store
from drillyard.yard.submissions import MAX_TRIES, Submissions
from drillyard.yard.tables import GradeRow, SubmissionRow

GRADE = grade_of(SUBMISSION)


@pytest.fixture
def submissions(store: Store) -> Submissions:
    """The submissions of that store, one of them handed in."""
    submissions = Submissions(store)
    submissions.hand_in(SUBMISSION)
    return submissions


def status(submissions: Submissions) -> str:
    """Return how far the one submission is."""
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None
    return progress.status


def test_handing_in_twice_is_handing_in_once(submissions: Submissions, store: Store) -> None:
    """Many tabs at the same moment meet one row; what came first stays."""
    other = SUBMISSION.model_copy(update={"claims": ()})
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(submissions.hand_in, [other] * 24))
    assert len(set(rows)) == 1
    assert [one.submission for one in submissions.all()] == [SUBMISSION]
    assert len(store.events("submitted")) == 1


def test_a_submission_has_one_worker(submissions: Submissions) -> None:
    """Of many workers that ask at once, one gets the submission."""
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: submissions.claim(f"worker-{number}", 60), range(16)))
    assert len([work for work in got if work]) == 1


def test_a_lease_that_ran_out_is_open_to_others(submissions: Submissions, clock: Clock) -> None:
    """A worker that died holds its submission until the lease is over, not longer."""
    assert submissions.claim("dead", 15)
    clock.now += 14
    assert submissions.claim("next", 15) is None
    clock.now += 1
    work = submissions.claim("next", 15)
    assert work is not None and work.submission == SUBMISSION


def test_a_renewed_lease_holds(submissions: Submissions, clock: Clock) -> None:
    """A grading that takes long is not taken away from a worker that lives."""
    work = submissions.claim("slow", 15)
    assert work
    clock.now += 10
    submissions.renew(work, "slow", 15)
    clock.now += 10
    assert submissions.claim("next", 15) is None


def test_the_grade_of_a_worker_that_lost_its_lease_is_dropped(submissions: Submissions, clock: Clock) -> None:
    """The one who holds the lease stores the grade; a latecomer stores nothing and breaks nothing."""
    late = submissions.claim("late", 15)
    clock.now += 20
    work = submissions.claim("next", 15)
    assert late and work
    assert not submissions.finish(late, "late", GRADE.model_copy(update={"score": 0.0}))
    assert submissions.finish(work, "next", GRADE)
    assert not submissions.finish(late, "late", GRADE) and not submissions.fail(late, "late", "too late")
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None and progress.grade == GRADE and not progress.waiting


def test_the_database_refuses_a_second_grade(submissions: Submissions, store: Store) -> None:
    """Even code that goes round the lease cannot store two grades of one submission."""
    work = submissions.claim("worker", 15)
    assert work and submissions.finish(work, "worker", GRADE)
    with pytest.raises(IntegrityError, match="UNIQUE"), store.writing() as session:
        session.add(GradeRow(submission=work.id, body="{}", at=0.0))


def test_a_submission_that_kills_every_worker_is_given_up(submissions: Submissions, clock: Clock) -> None:
    """After a few tries the learner is told, instead of a server that dies for ever."""
    for _ in range(MAX_TRIES):
        assert submissions.claim("doomed", 15)
        clock.now += 15
    assert submissions.claim("doomed", 15) is None
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None and (progress.status, progress.error) == ("failed", "Grading was cut off 3 times.")
    submissions.retry(ANN.id, "hunt-1")
    assert submissions.claim("healthy", 15), "a retry starts to count anew"


def test_only_a_failed_submission_is_retried(submissions: Submissions) -> None:
    """The button on an old page cannot have a grade made again."""
    work = submissions.claim("worker", 15)
    assert work and submissions.finish(work, "worker", GRADE)
    submissions.retry(ANN.id, "hunt-1")
    assert status(submissions) == "graded" and submissions.claim("worker", 15) is None


def queue(submissions: Submissions, grader: Callable[[Submission], Grade], lease: float = 60) -> GradingQueue:
    """A queue that is worked by hand."""
    return GradingQueue(submissions, grader, lease)


def test_the_queue_grades_in_order_of_arrival(submissions: Submissions) -> None:
    """First come, first graded; an empty queue says so."""
    submissions.hand_in(SUBMISSION.model_copy(update={"instance": "hunt-3"}))
    order: list[str] = []

    def grader(one: Submission) -> Grade:
        order.append(one.instance)
        return grade_of(one)

    works = queue(submissions, grader)
    assert [works.work_once() for _ in range(3)] == [True, True, False]
    assert order == ["hunt-1", "hunt-3"]
    assert [one.grade for one in submissions.all()] == [grade_of(one.submission) for one in submissions.all()]


def test_a_grading_that_failed_says_why_and_is_run_again(submissions: Submissions) -> None:
    """The grader's own line reaches the learner; the submission is kept and graded on the next try."""
    lines = ["the grader ran out of time (20 s)"]

    def grader(one: Submission) -> Grade:
        if lines:
            raise GradingFailed(lines.pop())
        return grade_of(one)

    works = queue(submissions, grader)
    works.work_once()
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None
    assert (progress.status, progress.error, progress.grade) == ("failed", "the grader ran out of time (20 s)", None)
    assert not works.work_once(), "nothing is retried without being asked"
    submissions.retry(ANN.id, "hunt-1")
    assert works.work_once() and status(submissions) == "graded"


def test_a_fault_of_the_grader_stops_neither_queue_nor_learner(
    submissions: Submissions, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected error is logged for us and told to the learner without its insides."""
    works = queue(submissions, lambda _: {}["secret path"])
    assert works.work_once()
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None and progress.status == "failed"
    assert "secret" not in progress.error and "secret path" in caplog.text


def test_the_lease_is_renewed_while_a_grader_works(submissions: Submissions, store: Store, clock: Clock) -> None:
    """A grading longer than the lease stays with its worker, because the lease is renewed meanwhile."""
    lease, others = 0.3, []

    def renewed() -> bool:
        with store.reading() as session:
            return session.scalars(select(SubmissionRow.lease_until)).one() == clock.now + lease

    def grader(one: Submission) -> Grade:
        for _ in range(3):
            clock.now += 0.6 * lease
            until(renewed)
            others.append(submissions.claim("impatient", 60))
        return grade_of(one)

    queue(submissions, grader, lease).work_once()
    assert others == [None] * 3 and status(submissions) == "graded"


def test_the_worker_thread_takes_up_what_was_left_behind(submissions: Submissions, clock: Clock) -> None:
    """A queue that starts finds the submission of a server that was killed, once its lease is over."""
    assert submissions.claim("killed", 15)
    clock.now += 15
    graded = threading.Event()

    def grader(one: Submission) -> Grade:
        graded.set()
        return grade_of(one)

    works = queue(submissions, grader)
    works.start()
    works.wake()
    assert graded.wait(30)
    works.stop(30)
    assert status(submissions) == "graded"
