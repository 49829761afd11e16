"""Lessons: a short text, a model to ask whose failures are known, and questions that bring back what was read.

A lesson teaches before a drill tests. Each is a file `catalogue/lessons/<activity>.yaml`, named like the activity of
kind `lesson` that it belongs to. Every wrong option names the misconception that leads to it, in words for whoever
chose it.
"""

from __future__ import annotations

import functools
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from drillyard.errors import BadInput, bad_input
from drillyard.records import Activity, Record
from drillyard.records.yaml_file import read_yaml

__all__ = [
    "Lesson",
    "LessonModel",
    "LessonOption",
    "LessonQuestion",
    "LessonTry",
    "has_lesson",
    "load_lesson",
    "read_lesson",
]


class LessonOption(Record):
    """What can be chosen, and what whoever chose it is told."""

    text: str
    why: str
    right: bool = False


class LessonQuestion(Record):
    """A question with two to five options, one of which is right."""

    id: str
    ask: str
    options: tuple[LessonOption, ...] = Field(min_length=2, max_length=5)

    @model_validator(mode="after")
    def _one_is_right(self) -> Self:
        if (right := sum(option.right for option in self.options)) != 1:
            raise ValueError(f"found {right} right options in the question {self.id!r}, expected 1")
        return self


class LessonTry(Record):
    """A message worth sending to the model of a lesson, under a template of its world."""

    prompt: str
    template: str


class LessonModel(Record):
    """The model that a lesson lets people ask, beside its clean twin: a world, and what fails in it."""

    world: str
    failures: tuple[str, ...] = Field(min_length=1)
    lead: str
    tries: tuple[LessonTry, ...] = Field(min_length=1)


class Lesson(Record):
    """A lesson, or a quiz: `id` is its activity's, `text` is Markdown, `model` is left out where none is asked.

    In a quiz every question is answered once, and `needed` right ones show what it is to show; in a lesson it is 0.
    """

    id: str
    needed: int = Field(default=0, ge=0)
    text: str
    model: LessonModel | None = None
    questions: tuple[LessonQuestion, ...] = Field(min_length=2, max_length=10)

    @model_validator(mode="after")
    def _questions_differ(self) -> Self:
        if len({question.id for question in self.questions}) < len(self.questions):
            raise ValueError("found two questions with one id, expected ids that differ")
        if self.needed > len(self.questions):
            raise ValueError(f"found {self.needed} right answers needed, expected at most {len(self.questions)}")
        return self


@functools.cache
def has_lesson(activity: Activity) -> bool:
    """Say whether an activity is taken in the yard: every lesson is, and a quiz that has its questions there."""
    return activity.kind in ("lesson", "quiz") and _path(activity.id).is_file()


@functools.cache
def load_lesson(name: str) -> Lesson:
    """Return the shipped lesson of an activity. Raises `BadInput` where there is none."""
    path = _path(name)
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise bad_input(f"the lesson {name!r}", "one of the activities of kind lesson")
    return read_lesson(path)


def _path(name: str) -> Traversable:
    return resources.files("drillyard.programs") / "catalogue" / "lessons" / f"{name}.yaml"


def read_lesson(path: Path | Traversable) -> Lesson:
    """Read a lesson. Raises `BadInput` with the file's name for what is no lesson."""
    try:
        return Lesson.from_data(read_yaml(path))
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None
