"""Submissions and the grading queue: handed in once, graded once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError
from yard.small_programme import ANN, SUBMISSION, Clock, grade_of, until

from drillyard.errors import BadInput, GradingFailed
from drillyard.records import Grade, Submission
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import MAX_RETRIES, MAX_TRIES, Hold, Submissions, Work
from drillyard.registrar.tables import GradeRow
from drillyard.yard.queue import GradingQueue, LeaseWatch

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
        got = list(pool.map(lambda number: submissions.claim(f"worker-{number}"), range(16)))
    assert len([work for work in got if work]) == 1


def take_over(submissions: Submissions, owner: str = "next") -> Work | None:
    """Take a submission from whoever holds it, as from a dead worker."""
    return submissions.claim(owner, submissions.holds())


def test_the_submission_of_a_dead_worker_is_open_to_others(submissions: Submissions) -> None:
    """A worker that died holds its submission until somebody has seen it dead, not longer."""
    assert submissions.claim("dead")
    assert submissions.claim("next") is None
    work = take_over(submissions)
    assert work is not None and work.submission == SUBMISSION


def test_a_worker_that_gives_a_sign_of_life_keeps_its_submission(submissions: Submissions) -> None:
    """What a watcher saw standing still and has moved since is not taken away."""
    work = submissions.claim("slow")
    assert work
    seen = submissions.holds()
    submissions.beat(work, "slow")
    assert submissions.claim("next", seen) is None


def test_the_watch_needs_a_whole_lease_of_its_own_time() -> None:
    """Whatever the time of day does, a count that stands still for the lease is dead, one that moves is not."""
    clock = Clock()
    watch = LeaseWatch(15, clock)
    still, moving = Hold(1, "a", 4), Hold(2, "b", 0)
    assert watch.dead([still, moving]) == []
    clock.now += 14
    assert watch.dead([still, moving._replace(beats=1)]) == []
    clock.now += 1
    assert watch.dead([still, moving._replace(beats=1)]) == [still]


@pytest.mark.parametrize("hours", [-1e6, -3, 0, 3])
def test_a_killed_grading_is_taken_up_wherever_the_clock_was_set(
    submissions: Submissions, clock: Clock, hours: float
) -> None:
    """After a kill, a clock set back for years delays nothing, and one set forward ends no lease."""
    forward = Clock()
    works = GradingQueue(submissions, grade_of, 15, forward)
    assert submissions.claim("killed")
    clock.now += hours * 3600
    assert not works.work_once(), "seen for the first time"
    forward.now += 15
    assert works.work_once() and status(submissions) == "graded"


def test_the_grade_of_a_worker_that_lost_its_lease_is_dropped(submissions: Submissions) -> None:
    """The one who holds the submission stores the grade; a latecomer stores nothing and breaks nothing."""
    late = submissions.claim("late")
    work = take_over(submissions)
    assert late and work
    submissions.beat(late, "late")
    assert [hold.beats for hold in submissions.holds()] == [0], "a latecomer's sign of life counts for nobody"
    assert not submissions.finish(late, "late", GRADE.model_copy(update={"score": 0.0}))
    assert submissions.finish(work, "next", GRADE)
    assert not submissions.finish(late, "late", GRADE) and not submissions.fail(late, "late", "too late")
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None and progress.grade == GRADE and not progress.waiting


def test_the_database_refuses_a_second_grade(submissions: Submissions, store: Store) -> None:
    """Even code that goes round the lease cannot store two grades of one submission."""
    work = submissions.claim("worker")
    assert work and submissions.finish(work, "worker", GRADE)
    with pytest.raises(IntegrityError, match="(?i)unique"), store.writing() as session:
        session.add(GradeRow(submission=work.id, body="{}", at=0.0))


def test_a_submission_that_kills_every_worker_is_given_up(submissions: Submissions) -> None:
    """After a few tries the learner is told, instead of a server that dies for ever."""
    for _ in range(MAX_TRIES):
        assert take_over(submissions, "doomed")
    assert take_over(submissions, "doomed") is None
    progress = submissions.of(ANN.id, "hunt-1")
    assert progress is not None and (progress.status, progress.error) == (
        "failed",
        "Grading was cut off 3 times, so it was given up.",
    )
    submissions.retry(ANN.id, "hunt-1")
    assert submissions.claim("healthy"), "a retry starts to count anew"


def test_retries_end(submissions: Submissions) -> None:
    """What cannot be graded is graded again a few times, then the learner reads whom to ask."""
    for left in range(MAX_RETRIES, -1, -1):
        work = submissions.claim("worker")
        assert work and submissions.fail(work, "worker", "out of memory")
        progress = submissions.of(ANN.id, "hunt-1")
        assert progress is not None and progress.retries == left
        if left:
            submissions.retry(ANN.id, "hunt-1")
    with pytest.raises(BadInput, match="tell your designer"):
        submissions.retry(ANN.id, "hunt-1")
    assert status(submissions) == "failed" and submissions.claim("worker") is None


def handed_in(submissions: Submissions, store: Store, learner: str, *instances: str) -> None:
    """Hand in a learner's work on some instances."""
    store.sign_in(learner, "engineer")
    for name in instances:
        submissions.hand_in(SUBMISSION.model_copy(update={"learner": learner, "instance": name}))


def order_of(submissions: Submissions) -> list[str]:
    """Grade all that waits and return whose was graded, in order."""
    order = []
    while work := submissions.claim("worker"):
        submissions.finish(work, "worker", GRADE)
        order.append(f"{work.submission.learner[:3]}:{work.submission.instance}")
    return order


def test_learners_take_turns(submissions: Submissions, store: Store) -> None:
    """One who hands in much waits for those who hand in little, and comes again after them."""
    handed_in(submissions, store, ANN.id, "hunt-2", "hunt-3")
    handed_in(submissions, store, "bob", "b-1")
    handed_in(submissions, store, "cid", "c-1", "c-2")
    assert order_of(submissions) == ["ann:hunt-1", "bob:b-1", "cid:c-1", "ann:hunt-2", "cid:c-2", "ann:hunt-3"]


def test_a_retry_goes_behind_later_first_gradings(submissions: Submissions, store: Store) -> None:
    """Asking again never goes ahead of somebody who has not had a grade at all."""
    work = submissions.claim("worker")
    assert work and submissions.fail(work, "worker", "out of time")
    submissions.retry(ANN.id, "hunt-1")
    handed_in(submissions, store, "bob", "b-1", "b-2")
    assert order_of(submissions) == ["bob:b-1", "bob:b-2", "ann:hunt-1"]


def test_one_learner_has_one_grading_at_a_time(submissions: Submissions, store: Store) -> None:
    """However many workers there are, the slow gradings of one learner leave the others to everybody else."""
    handed_in(submissions, store, ANN.id, "hunt-2")
    assert submissions.claim("first") and submissions.claim("second") is None
    handed_in(submissions, store, "bob", "b-1")
    work = submissions.claim("second")
    assert work and work.submission.learner == "bob"


def test_only_a_failed_submission_is_retried(submissions: Submissions) -> None:
    """The button on an old page cannot have a grade made again."""
    work = submissions.claim("worker")
    assert work and submissions.finish(work, "worker", GRADE)
    submissions.retry(ANN.id, "hunt-1")
    assert status(submissions) == "graded" and submissions.claim("worker") is None


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


def test_a_worker_gives_signs_of_life_while_a_grader_works(submissions: Submissions) -> None:
    """A grading longer than the lease stays with its worker, because others see its count go up."""
    forward, others = Clock(), []
    lease = 0.15
    impatient = GradingQueue(submissions, grade_of, lease, forward)

    def grader(one: Submission) -> Grade:
        for _ in range(3):
            seen = submissions.holds()
            until(lambda seen=seen: submissions.holds() != seen)
            forward.now += lease
            others.append(impatient.work_once())
        return grade_of(one)

    GradingQueue(submissions, grader, lease).work_once()
    assert others == [False] * 3 and status(submissions) == "graded"


def test_the_worker_threads_take_up_what_was_left_behind(submissions: Submissions) -> None:
    """A queue that starts finds the submission of a server that was killed, once it is seen to be dead."""
    assert submissions.claim("killed")
    works = queue(submissions, grade_of, 0.05)
    works.start()
    until(lambda: status(submissions) == "graded")
    works.stop(30)
