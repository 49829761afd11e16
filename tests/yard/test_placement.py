"""A learner who knows the lessons is placed by a dozen questions at most; the designer sees what n allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.course import URL, build_course
from yard.small_programme import ANN, BOB, DESIGNER_CODE, EchoingModel, grade_of
from yard.visitor import Visit, Visitor

from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.lessons import load_lesson
from drillyard.planning.questions import LessonQuestion
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Scheduled
from drillyard.yard.app import make_app


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme with seven lessons."""
    folder, plan = build_course(tmp_path / "prog"), None
    lessons = [one for one in load_catalogue().activities if one.kind == "lesson"][:7]
    plan = folder.plan()
    planned = {"activities": tuple(Scheduled(activity=one, start=0) for one in lessons)}
    folder.write_plan(plan.model_copy(update={"roles": tuple(one.model_copy(update=planned) for one in plan.roles)}))
    return folder


@pytest.fixture
def visit(programme: ProgramFolder) -> Iterator[Visit]:
    """A running yard."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, url=URL)
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)


def take(visitor: Visitor, right: bool) -> int:
    """Answer every question of the placement rightly, or every one wrongly; return how many there were."""
    visitor.get("/placement")
    count = 0
    while found := re.findall(r'name="question" value="([\w-]+)/([\w-]+)"', visitor.page):
        ((lesson, name),) = found
        question = next(one for one in load_lesson(lesson).questions if one.id == name)
        answer = question.key
        if not right and isinstance(question, LessonQuestion):
            answer = str((int(question.key) + 1) % len(question.options))
        elif not right:
            answer = " ".join(reversed(answer.split(" "))) if " " in answer else "987654"
        typed = answer.split(" ")
        if question.kind == "order":
            typed = [str(1 + typed.index(str(step))) for step in question.shown]
        visitor.send("/placement", question=f"{lesson}/{name}", answer=typed)
        count += 1
        assert count <= 12
    return count


def test_who_knows_it_may_skip_and_who_does_not_may_not(visit: Visit) -> None:
    """The plan says so, and no drill asks for a lesson first any more; nothing of it is told as right or wrong."""
    ann, bob = visit(ANN.code), visit(BOB.code)
    assert "At most a dozen questions" in ann.get("/drills")
    assert 6 <= take(ann, right=True) <= 12
    assert "You may skip the lessons" in ann.page, ann.page
    assert "You may skip the lessons" in ann.get("/drills")
    assert take(bob, right=False) >= 6
    assert "Take the lessons:" in bob.page and "You may skip" not in bob.get("/drills")


def test_an_answer_that_is_none_changes_nothing(visit: Visit) -> None:
    """An empty form is a line at the field; a question that is not asked is not answered."""
    ann = visit(ANN.code)
    page = ann.get("/placement")
    item = re.findall(r'name="question" value="([^"]+)"', page)[0]
    assert 'role="alert"' in ann.send("/placement", expect=422, question=item)
    ann.send("/placement", question="watch-it-fail/none", answer="0")
    assert "Question 1 of at most 12" in ann.page


def test_the_designer_sees_what_so_few_people_allow(visit: Visit) -> None:
    """Differences between roles are not told of a handful; it says how many more it takes."""
    ann = visit(ANN.code)
    for question in load_lesson("watch-it-fail").questions:
        ann.get("/lessons/watch-it-fail")
        ann.send("/lessons/watch-it-fail/answer", question=question.id, answer=question.key.split(" "))
    page = visit(DESIGNER_CODE).get("/designer")
    assert "Differences between roles" in page and "299 more are needed" in page
