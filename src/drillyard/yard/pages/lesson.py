"""A lesson: read it, ask its model and the clean twin the same, answer its questions and be told why."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import anyio
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import load_world
from drillyard.planning.lessons import Lesson, LessonQuestion
from drillyard.records import Activity
from drillyard.registrar import lessons
from drillyard.registrar.lessons import Answers, Shown
from drillyard.yard.visit import Visit, page

__all__ = ["MOST_ASKED", "LessonCard", "answer", "ask", "lessons_answered", "lessons_of", "lessons_planned", "read"]

MOST_ASKED = 300
"""Characters of a message to a lesson's model: several times the longest that its world's questions take."""

_TURNS = anyio.CapacityLimiter(2)
"""Replies at once; each takes a core for some tenths of a second."""


@dataclass(frozen=True, kw_only=True)
class LessonCard:
    """A lesson or quiz of a learner's plan: of how many questions, how many are answered, and how many rightly."""

    activity: Activity
    solved: int
    closed: int
    questions: int
    needed: int

    @property
    def done(self) -> bool:
        """Whether nothing is left to answer."""
        return self.closed == self.questions


def lessons_of(visit: Visit) -> dict[str, LessonCard]:
    """Return the lessons of the learner's plan by the activity's id."""
    cards = {}
    for activity, lesson, answers in lessons_answered(visit):
        solved, closed = (sum(map(told, lesson.questions)) for told in (answers.solved, answers.closed))
        cards[activity.id] = LessonCard(
            activity=activity,
            solved=solved,
            closed=closed,
            questions=len(lesson.questions),
            needed=lesson.needed,
        )
    return cards


@page("learner")
def read(visit: Visit) -> Response:
    """Show a lesson of the learner's plan."""
    return _render(visit, _lesson(visit))


@page("learner", _TURNS)
def ask(visit: Visit) -> Response:
    """Ask the lesson's model and its twin."""
    lesson = _lesson(visit)
    if lesson.model is None:
        raise HTTPException(404)
    prompt, template = visit.field("prompt").strip(), visit.field("template")
    if not prompt or len(prompt) > MOST_ASKED:
        error = f"Type a message of at most {MOST_ASKED} characters; it has {len(prompt)}."
        return _render(visit, lesson, 422, prompt=prompt, template=template, error=error)
    try:
        shown = lessons.show(lesson.model, prompt, template)
    except BadInput as error:
        return _render(visit, lesson, 422, prompt=prompt, template=template, error=f"{error}.")
    return _render(visit, lesson, prompt=prompt, template=template, shown=shown)


@page("learner")
def answer(visit: Visit) -> Response:
    """Keep what was chosen and say why it is right or wrong."""
    lesson, chosen = _lesson(visit), visit.field("option")
    question = next((one for one in lesson.questions if one.id == visit.field("question")), None)
    if question is None:
        raise HTTPException(404)
    if not (chosen.isascii() and chosen.isdecimal() and int(chosen) < len(question.options)):
        return _render(visit, lesson, 422, unanswered=question.id)
    (answers,) = lessons.read_answers(visit.yard.store, visit.me().id, lesson)
    if not answers.closed(question) and answers.last(question) != int(chosen):  # a double click counts once
        lessons.keep_answer(visit.yard.store, visit.me().id, lesson, question, int(chosen))
    return visit.go(f"/lessons/{lesson.id}#{question.id}")


def lessons_planned(visit: Visit) -> list[tuple[Activity, Lesson]]:
    """Return the lessons and quizzes of the learner's plan, with their activities."""
    programme = visit.yard.programme
    role = next((one for one in programme.plan().roles if one.role == visit.me().role), None)
    steps = role.activities if role else ()
    return [(one.activity, lesson) for one in steps if (lesson := programme.lesson(one.activity))]


def lessons_answered(visit: Visit) -> list[tuple[Activity, Lesson, Answers]]:
    """Return what `lessons_planned` does, each with what the learner chose in it so far."""
    planned = lessons_planned(visit)
    told = lessons.read_answers(visit.yard.store, visit.me().id, *(lesson for _, lesson in planned))
    return [(activity, lesson, answers) for (activity, lesson), answers in zip(planned, told, strict=True)]


def _named(visit: Visit) -> tuple[Activity, Lesson]:
    """Return the lesson that the path names, with its activity. One of another role's plan is answered as none."""
    for activity, lesson in lessons_planned(visit):
        if activity.id == visit.request.path_params["lesson"]:
            return activity, lesson
    raise HTTPException(404)


def _lesson(visit: Visit) -> Lesson:
    return _named(visit)[1]


def _render(
    visit: Visit,
    lesson: Lesson,
    status: int = 200,
    *,
    prompt: str = "",
    template: str = "",
    shown: Shown | None = None,
    error: str = "",
    unanswered: str = "",
) -> Response:
    (answers,) = lessons.read_answers(visit.yard.store, visit.me().id, lesson)
    first = lesson.model.tries[0] if lesson.model else None
    return visit.render(
        "lesson.html",
        status,
        lesson=lesson,
        title=_named(visit)[0].title,
        here=f"/lessons/{lesson.id}",
        text=_html(lesson.text),
        templates=load_world(lesson.model.world).templates if lesson.model else {},
        prompt=prompt or (first.prompt if first and not error else ""),
        template=template or (first.template if first else ""),
        shown=shown,
        error=error,
        unanswered=unanswered,
        told={question.id: _told(question, answers) for question in lesson.questions},
        solved=sum(map(answers.solved, lesson.questions)),
        done=all(map(answers.closed, lesson.questions)),
        most=MOST_ASKED,
    )


def _told(question: LessonQuestion, answers: Answers) -> tuple[int | None, bool]:
    """Return the option chosen last, and whether there is nothing left to answer."""
    return answers.last(question), answers.closed(question)


@functools.cache
def _html(text: str) -> Markup:
    """Turn a shipped lesson's Markdown into HTML; HTML in it stays text."""
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
