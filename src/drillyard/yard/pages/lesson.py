"""A lesson: read it, ask its model and the clean twin the same, answer its questions and be told why."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import anyio
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import load_world
from drillyard.planning.forms import assign_forms, pairs_of
from drillyard.planning.lessons import Lesson
from drillyard.planning.questions import AnyQuestion
from drillyard.records import Activity
from drillyard.registrar import lessons
from drillyard.registrar.lessons import Answers, Shown
from drillyard.yard.visit import Visit, page

__all__ = [
    "MOST_ASKED",
    "LessonCard",
    "ShownQuestion",
    "answer",
    "as_html",
    "ask",
    "lessons_answered",
    "lessons_of",
    "lessons_planned",
    "read",
]

MOST_ASKED = 300
"""Characters of a message to a lesson's model: several times the longest that its world's questions take."""

_TURNS = anyio.CapacityLimiter(2)
"""Replies at once; each takes a core for some tenths of a second."""


@dataclass(frozen=True, kw_only=True)
class ShownQuestion:
    """A question with what was answered last, what stands in its fields, and what is wrong with them."""

    question: AnyQuestion
    last: str | None
    closed: bool
    fields: list[str]
    error: str

    @property
    def earned(self) -> int:
        """Points of the last answer."""
        return self.question.earned(self.last) if self.last is not None else 0

    @property
    def beliefs(self) -> tuple[str, ...]:
        """What is said of the last answer where it is wrong."""
        return self.question.beliefs(self.last) if self.last is not None else ()


@dataclass(frozen=True, kw_only=True)
class LessonCard:
    """A lesson or quiz of a learner's plan: of how many questions, how many are answered, and what came of it.

    `earned` sums what each question gave, 0 to 1; `needed` of it show what a quiz is to show. Of a test nothing is
    `told` before its other form is done as well. `first` is the pretest that a posttest waits for, while it does.
    """

    activity: Activity
    earned: float
    closed: int
    questions: int
    needed: int
    told: bool
    first: Activity | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to answer."""
        return self.closed == self.questions


def lessons_of(visit: Visit) -> dict[str, LessonCard]:
    """Return the lessons of the learner's plan by the activity's id."""
    told = lessons_answered(visit)
    silent, waiting = _untold(told), _waiting(told)
    return {
        activity.id: LessonCard(
            activity=activity,
            earned=answers.total(lesson),
            closed=sum(map(answers.closed, lesson.questions)),
            questions=len(lesson.questions),
            needed=lesson.needed,
            told=activity.id not in silent,
            first=waiting.get(activity.id),
        )
        for activity, lesson, answers in told
    }


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
    """Keep what was answered and say why it is right or wrong."""
    lesson, typed = _lesson(visit), visit.fields("answer")
    if lessons_of(visit)[lesson.id].first:
        return _render(visit, lesson, 409)
    question = next((one for one in lesson.questions if one.id == visit.field("question")), None)
    if question is None:
        raise HTTPException(404)
    try:
        given = question.read(typed)
    except BadInput as error:
        return _render(visit, lesson, 422, wrong={question.id: (str(error), typed)})
    (answers,) = lessons.read_answers(visit.yard.store, visit.me().id, lesson)
    if not answers.closed(question) and answers.last(question) != given:  # a double click counts once
        lessons.keep_answer(visit.yard.store, visit.me().id, lesson, question, given)
    return visit.go(f"/lessons/{lesson.id}#{question.id}")


def lessons_planned(visit: Visit) -> list[tuple[Activity, Lesson]]:
    """Return the lessons, quizzes and tests of the learner's plan, with their activities."""
    programme = visit.yard.programme
    role = next((one for one in programme.plan().roles if one.role == visit.me().role), None)
    steps = role.activities if role else ()
    planned = [(one.activity, lesson) for one in steps if (lesson := programme.lesson(one.activity))]
    return assign_forms(planned, visit.me().id)


def _untold(told: Sequence[tuple[Activity, Lesson, Answers]]) -> set[str]:
    """Return the tests of which nothing is told yet: those whose other form is not done."""
    done = _done(told)
    return {name for pair in pairs_of(one for one, _, _ in told) for name in pair if not done.issuperset(pair)}


def _waiting(told: Sequence[tuple[Activity, Lesson, Answers]]) -> dict[str, Activity]:
    """Return the pretest that each posttest waits for: one that is not done."""
    named, done = {one.id: one for one, _, _ in told}, _done(told)
    return {then: named[first] for first, then in pairs_of(named.values()) if first not in done}


def _done(told: Sequence[tuple[Activity, Lesson, Answers]]) -> set[str]:
    return {one.id for one, lesson, answers in told if all(map(answers.closed, lesson.questions))}


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
    wrong: Mapping[str, tuple[str, list[str]]] = MappingProxyType({}),
) -> Response:
    card = lessons_of(visit)[lesson.id]
    (answers,) = lessons.read_answers(visit.yard.store, visit.me().id, lesson)
    first = lesson.model.tries[0] if lesson.model else None
    return visit.render(
        "lesson.html",
        status,
        lesson=lesson,
        title=_named(visit)[0].title,
        here=f"/lessons/{lesson.id}",
        text=as_html(lesson.text),
        templates=load_world(lesson.model.world).templates if lesson.model else {},
        prompt=prompt or (first.prompt if first and not error else ""),
        template=template or (first.template if first else ""),
        shown=shown,
        error=error,
        told=[_told(question, answers, *wrong.get(question.id, ("", []))) for question in lesson.questions],
        card=card,
        most=MOST_ASKED,
    )


def _told(question: AnyQuestion, answers: Answers, error: str, typed: list[str]) -> ShownQuestion:
    last = answers.last(question)
    return ShownQuestion(
        question=question,
        last=last,
        closed=answers.closed(question),
        fields=typed or (question.fields(last) if last is not None else []),
        error=error,
    )


@functools.cache
def as_html(text: str) -> Markup:
    """Turn Markdown into HTML; HTML in it stays text."""
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
