"""Lessons: a short text, a model to ask whose failures are known, and questions that bring back what was read.

A lesson teaches before a drill tests. Each is a file `catalogue/lessons/<activity>.yaml`, named like the activity of
kind `lesson` that it belongs to. Its questions name the beliefs that lead to wrong answers (`questions.py`).
"""

from __future__ import annotations

import functools
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.planning.questions import AnyQuestion
from drillyard.records import Activity, Record
from drillyard.records.yaml_file import read_yaml

__all__ = [
    "Lesson",
    "LessonModel",
    "LessonTry",
    "check_lesson",
    "find_lesson",
    "has_lesson",
    "load_lesson",
    "read_lesson",
    "world_reference",
]


TAUGHT = ("lesson", "quiz", "pretest", "posttest", "reading")
"""The kinds of activity that may have a lesson; a reading has one where the designer's policies made it."""


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
    questions: tuple[AnyQuestion, ...] = Field(min_length=2, max_length=10)

    @model_validator(mode="after")
    def _questions_differ(self) -> Self:
        if len({question.id for question in self.questions}) < len(self.questions):
            raise ValueError("found two questions with one id, expected ids that differ")
        if self.needed > len(self.questions):
            raise ValueError(f"found {self.needed} right answers needed, expected at most {len(self.questions)}")
        return self


@functools.cache
def has_lesson(activity: Activity) -> bool:
    """Say whether an activity is taken in the yard: as each lesson, and a quiz or test with questions there."""
    return activity.kind in TAUGHT[:-1] and _shipped(activity.id).is_file()


@functools.cache
def load_lesson(name: str) -> Lesson:
    """Return the shipped lesson of an activity. Raises `BadInput` where there is none."""
    path = _shipped(name)
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise bad_input(f"the lesson {name!r}", "one of the activities of kind lesson")
    return read_lesson(path)


def find_lesson(activity: Activity, home: Path) -> Lesson | None:
    """Return the lesson that an activity is taken by in the yard, the designer's own or one that ships, if any.

    Args:
        activity: of a plan.
        home: the programme folder; own lessons lie in its `catalogue/lessons`.
    """
    if activity.kind not in TAUGHT:
        return None
    own = home / "catalogue" / "lessons" / f"{activity.id}.yaml"
    if own.is_file():
        return _own_lesson(own, own.stat().st_mtime_ns)
    return load_lesson(activity.id) if has_lesson(activity) else None


def check_lesson(lesson: Lesson, home: Path) -> None:
    """Refuse a lesson whose model cannot be made: no such world, or failures that cannot be planted in it.

    Args:
        lesson: as it was read.
        home: the folder that a world's path starts from.

    Raises:
        BadInput: with the lesson's id, and the nearest failure where one is near.
    """
    if lesson.model is None:
        return
    try:
        world = load_world(world_reference(home, lesson.model.world))
        for failure in lesson.model.failures:
            find_failure(world, failure)
    except BadInput as error:
        raise BadInput(f"lesson {lesson.id}: {error}") from None


def world_reference(home: Path, name: str) -> str:
    """Return what `load_world` finds a world by: a name as it is, a path as one in a folder."""
    return str((home / name).absolute()) if "/" in name else name


@functools.lru_cache(maxsize=256)
def _own_lesson(path: Path, _: int) -> Lesson:
    lesson = read_lesson(path)
    if lesson.model is None:
        return lesson
    world = world_reference(path.parents[2], lesson.model.world)
    return lesson.model_copy(update={"model": lesson.model.model_copy(update={"world": world})})


def _shipped(name: str) -> Traversable:
    return resources.files("drillyard.planning") / "catalogue" / "lessons" / f"{name}.yaml"


def read_lesson(path: Path | Traversable) -> Lesson:
    """Read a lesson. Raises `BadInput` with the file's name for what is no lesson."""
    try:
        return Lesson.from_data(read_yaml(path))
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None
