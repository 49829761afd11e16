"""Lessons in the yard: the model that one lets people ask, and what they answered to its questions.

Answers are events, so every try is kept and none can be changed; the first one to a question is what its designer is
told, because a second one has read why the first was wrong.
"""

from __future__ import annotations

import functools
import json
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from drillyard.organisms.planting.plant import plant
from drillyard.planning.lessons import Lesson, LessonModel, LessonQuestion
from drillyard.records import Conversation
from drillyard.registrar.store import Store
from drillyard.registrar.tables import EventRow
from drillyard.targets.organism import OrganismTarget

__all__ = ["ANSWERED", "Answers", "FirstAnswers", "Shown", "count_first_answers", "keep_answer", "read_answers", "show"]

ANSWERED = "answered"
"""The kind of event that an answer is; its `instance` is the lesson."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a lesson's model and its clean twin said to a message."""

    prompt: str
    template: str
    model: str
    twin: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a learner chose in a lesson, question → the options in the order in which they were chosen.

    With `once` the first choice is the one that counts: it is a quiz.
    """

    chosen: dict[str, tuple[int, ...]]
    once: bool

    def last(self, question: LessonQuestion) -> int | None:
        """Return the option that was chosen last, or `None`."""
        return tried[-1] if (tried := self.chosen.get(question.id)) else None

    def solved(self, question: LessonQuestion) -> bool:
        """Say whether the right option was chosen."""
        tried = self.chosen.get(question.id, ())
        return any(question.options[option].right for option in (tried[:1] if self.once else tried))

    def closed(self, question: LessonQuestion) -> bool:
        """Say whether there is nothing left to answer."""
        return self.solved(question) or (self.once and question.id in self.chosen)


@dataclass(frozen=True, kw_only=True)
class FirstAnswers:
    """How many learners answered a question at first try, and which options they chose."""

    question: LessonQuestion
    counts: tuple[int, ...]

    @property
    def right(self) -> int:
        """How many were right."""
        return sum(n for n, option in zip(self.counts, self.question.options, strict=True) if option.right)

    @property
    def mistaken(self) -> str:
        """The wrong option that was chosen most, or the empty string when nobody was wrong."""
        pairs = zip(self.counts, self.question.options, strict=True)
        return max(((n, option.text) for n, option in pairs if n and not option.right), default=(0, ""))[1]


def show(model: LessonModel, prompt: str, template: str) -> Shown:
    """Ask a lesson's model and its twin the same, under a seed that is drawn. Raises `BadInput` as the target does."""
    conversation, seed = Conversation.ask(prompt, template), secrets.randbelow(2**31)
    said = [target.generate([conversation], [seed])[0].text for target in _pair(model)]
    return Shown(prompt=prompt, template=template, model=said[0], twin=said[1])


@functools.lru_cache(maxsize=16)
def _pair(model: LessonModel) -> tuple[OrganismTarget, OrganismTarget]:
    return OrganismTarget(plant(model.world, model.failures)), OrganismTarget(plant(model.world, ()))


def keep_answer(store: Store, learner: str, lesson: Lesson, question: LessonQuestion, option: int) -> None:
    """Keep what a learner chose."""
    detail = json.dumps({"question": question.id, "option": option, "right": question.options[option].right})
    with store.writing() as session:
        store.note(session, learner, lesson.id, ANSWERED, detail)


def read_answers(store: Store, learner: str, *asked: Lesson) -> list[Answers]:
    """Return what a learner chose in each of some lessons so far."""
    mine = store.events(ANSWERED, learner=learner)
    return [_answers(lesson, mine) for lesson in asked]


def count_first_answers(store: Store, lesson: Lesson) -> list[FirstAnswers]:
    """Return, question by question, what learners chose first."""
    by_learner: dict[str, list[EventRow]] = defaultdict(list)
    for row in store.events(ANSWERED):
        by_learner[row.learner].append(row)
    everybody = [_answers(lesson, rows).chosen for rows in by_learner.values()]
    return [
        FirstAnswers(
            question=question,
            counts=tuple(
                sum(chosen.get(question.id, (None,))[0] == option for chosen in everybody)
                for option in range(len(question.options))
            ),
        )
        for question in lesson.questions
    ]


def _answers(lesson: Lesson, rows: Iterable[EventRow]) -> Answers:
    """Read the answers to a lesson's questions as they are today; what was asked otherwise then is left out."""
    sizes = {question.id: len(question.options) for question in lesson.questions}
    chosen: dict[str, tuple[int, ...]] = {}
    for row in rows:
        told = json.loads(row.detail)
        name, option = told["question"], told["option"]
        if row.instance == lesson.id and option < sizes.get(name, 0):
            chosen[name] = (*chosen.get(name, ()), option)
    return Answers(chosen=chosen, once=lesson.needed > 0)
