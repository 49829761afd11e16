"""A small programme with a plan to export: a drill, a lesson and a quiz, one who passed and one who did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from yard.small_programme import ANN, BOB, SUBMISSION, Clock, build_programme, grade_of

from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import load_lesson
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Scheduled, Session
from drillyard.registrar.lessons import keep_answer
from drillyard.registrar.located import open_store
from drillyard.registrar.submissions import Submissions

__all__ = ["URL", "build_course", "plan_course"]

URL = "https://yard.example.org"
_TESTS = ("check-in", "check-out")


def build_course(path: Path) -> ProgramFolder:
    """Write the programme; Ann passed her drill and answered a question rightly, Bob did neither."""
    folder = plan_course(path)
    folder.write_people({ANN.id: "Annabel Quist"})
    _work(folder)
    return folder


def plan_course(path: Path) -> ProgramFolder:
    """Write the programme before anybody has done anything."""
    folder = build_programme(path)
    catalogue = load_catalogue()
    wanted = ("failure-hunt", "watch-it-fail", "failure-kinds-quiz", "chance-demo", "escalation-demo", *_TESTS)
    steps = [one for one in catalogue.activities if one.id in wanted or one.drill in wanted]
    aims = [one for one in catalogue.objectives if any(one.id in step.objectives for step in steps)]
    skills = [one for one in catalogue.competencies if any(one.id == aim.competency for aim in aims)]
    plan = folder.plan()
    planned = {
        "activities": tuple(Scheduled(activity=one, start=0) for one in steps),
        "objectives": tuple(aims),
        "competencies": tuple(skills),
    }
    roles = tuple(role.model_copy(update=planned) for role in plan.roles)
    starts = datetime(2026, 3, 2, 9, tzinfo=UTC)
    sessions = tuple(
        Session(
            role=role.role, group=1, people=1, activity=step.id, title=step.title, kind=step.kind, minutes=step.minutes,
            starts=starts + timedelta(days=day), time_zone="Europe/Berlin",
        )
        for role in roles
        for day, step in enumerate(steps)
    )  # fmt: skip
    changed = {"roles": roles, "worlds": {"failure-hunt": "helpdesk"}, "sessions": sessions}
    folder.write_plan(plan.model_copy(update=changed))
    return folder


def _work(folder: ProgramFolder) -> None:
    clock = Clock()
    store = open_store(folder, clock)
    submissions, lesson = Submissions(store), load_lesson("watch-it-fail")
    question = lesson.questions[0]
    for learner, instance, passed in ((ANN, "hunt-1", True), (BOB, "hunt-2", False)):
        store.sign_in(learner.id, learner.role)
        store.started(learner.id, instance)
        store.open_hint(learner.id, instance, 0, 0.05)
        chosen = question.key if passed else str((int(question.key) + 1) % len(question.options))
        keep_answer(store, learner.id, lesson, question, chosen)
        clock.now += 1500.5
        submissions.hand_in(SUBMISSION.model_copy(update={"learner": learner.id, "instance": instance}))
        work = submissions.claim("worker")
        assert work is not None
        clock.now += 20
        score = 0.9 if passed else 0.4
        grade = grade_of(work.submission).model_copy(update={"passed": passed, "score": score, "final": score})
        submissions.finish(work, "worker", grade)
    store.close()
