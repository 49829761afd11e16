"""Lessons in the yard: the model that one lets people ask, and what they answered to its questions.

Answers are events, so every try is kept and none can be changed; the first one to a question is what its designer is
told, because a second one has read why the first was wrong.
"""

from __future__ import annotations

import functools
import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from drillyard.organisms.planting.plant import plant
from drillyard.planning.forms import assign_forms, other_first, pairs_of
from drillyard.planning.lessons import Lesson, LessonModel
from drillyard.planning.questions import AnyQuestion, SortedAnswer
from drillyard.programs.folder import ProgramFolder
from drillyard.psychometrics.gain import Gain, learning_gain
from drillyard.records import Activity, Conversation
from drillyard.registrar.store import Store
from drillyard.registrar.tables import EventRow
from drillyard.targets.organism import OrganismTarget

__all__ = [
    "ANSWERED",
    "Answers",
    "FirstAnswers",
    "Shown",
    "answer_of",
    "first_answers_in",
    "gains",
    "keep_answer",
    "points_at_first",
    "read_answers",
    "show",
]

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
    """What a learner answered in a lesson, question → the answers in the order in which they were given.

    With `once` the first answer is the one that counts: it is a quiz.
    """

    given: dict[str, tuple[str, ...]]
    once: bool

    def last(self, question: AnyQuestion) -> str | None:
        """Return what was answered last, or `None`."""
        return tried[-1] if (tried := self.given.get(question.id)) else None

    def earned(self, question: AnyQuestion) -> float:
        """Return the share of a question's points that was earned: in a quiz at first, else at best."""
        tried = self.given.get(question.id, ())
        return max(map(question.earned, tried[:1] if self.once else tried), default=0) / question.points

    def total(self, lesson: Lesson) -> float:
        """Return what all questions gave, each 0 to 1."""
        return round(sum(map(self.earned, lesson.questions)), 6)  # thirds add up to whole ones

    def closed(self, question: AnyQuestion) -> bool:
        """Say whether there is nothing left to answer."""
        return self.earned(question) == 1 or (self.once and question.id in self.given)


@dataclass(frozen=True, kw_only=True)
class FirstAnswers:
    """What learners answered to a question at first try, by their ids."""

    question: AnyQuestion
    answers: Mapping[str, str]

    @property
    def right(self) -> int:
        """How many were right."""
        return sum(self.question.earned(answer) == self.question.points for answer in self.answers.values())

    @property
    def mistaken(self) -> str:
        """The wrong belief that was met most, or the empty string when there was none."""
        wrong = Counter(
            one for answer in self.answers.values() for one in self.question.sort(answer) if one.given != one.right
        )
        named = {one: n for one, n in wrong.items() if not (one.rest and one.given == len(one.classes) - 1)}
        most = max(named, key=lambda one: named[one], default=None)
        return f"{most.part}: {most.classes[most.given]}".removeprefix(": ") if most else ""

    def counts(self) -> Iterator[tuple[SortedAnswer, tuple[int, ...]]]:
        """Yield each part of the question, as the right answer has it, with how often each class was given."""
        sorts = [self.question.sort(answer) for answer in self.answers.values()]
        for at, part in enumerate(self.question.sort(self.question.key)):
            met = Counter(one[at].given for one in sorts)
            yield part, tuple(met[place] for place in range(len(part.classes)))


def show(model: LessonModel, prompt: str, template: str) -> Shown:
    """Ask a lesson's model and its twin the same, under a seed that is drawn. Raises `BadInput` as the target does."""
    conversation, seed = Conversation.ask(prompt, template), secrets.randbelow(2**31)
    said = [target.generate([conversation], [seed])[0].text for target in _pair(model)]
    return Shown(prompt=prompt, template=template, model=said[0], twin=said[1])


@functools.lru_cache(maxsize=16)
def _pair(model: LessonModel) -> tuple[OrganismTarget, OrganismTarget]:
    return OrganismTarget(plant(model.world, model.failures)), OrganismTarget(plant(model.world, ()))


def keep_answer(store: Store, learner: str, lesson: Lesson, question: AnyQuestion, answer: str) -> None:
    """Keep what a learner answered."""
    told = {"question": question.id, "answer": answer, "right": question.earned(answer) == question.points}
    with store.writing(learner) as session:
        store.note(session, learner, lesson.id, ANSWERED, json.dumps(told))


def answer_of(row: EventRow) -> tuple[str, str]:
    """Return the question's id and the answer that an event holds, in the words of this release or an earlier one."""
    told = json.loads(row.detail)
    return told["question"], str(told.get("answer", told.get("option")))


def read_answers(store: Store, learner: str, *asked: Lesson) -> list[Answers]:
    """Return what a learner answered in each of some lessons so far."""
    mine = store.events(ANSWERED, learner=learner)
    return [_answers(lesson, mine) for lesson in asked]


def first_answers_in(programme: ProgramFolder, store: Store) -> list[tuple[Activity, list[FirstAnswers]]]:
    """Return for each lesson, quiz and test of a plan, question by question, what learners answered first.

    The two forms of a test are told under the names that they have in the files, whenever a learner met them.
    """
    taught, by_learner = _taught(programme), _by_learner(store)
    both = {name: pair for pair in pairs_of(one for one, _ in taught) for name in pair}
    found = []
    for activity, lesson in taught:
        places = both.get(activity.id, (activity.id,))
        given = {who: _answers(lesson, rows, places).given for who, rows in by_learner.items()}
        first = [
            FirstAnswers(question=one, answers={who: mine[one.id][0] for who, mine in given.items() if one.id in mine})
            for one in lesson.questions
        ]
        found.append((activity, first))
    return found


def points_at_first(programme: ProgramFolder, store: Store) -> dict[str, dict[str, int]]:
    """Return by learner the points of their first answer to each question of a plan, as `lesson/question`."""
    found: dict[str, dict[str, int]] = {}
    for activity, first in first_answers_in(programme, store):
        for one in first:
            for learner, answer in one.answers.items():
                found.setdefault(learner, {})[f"{activity.id}/{one.question.id}"] = one.question.earned(answer)
    return found


def gains(programme: ProgramFolder, store: Store) -> Iterator[tuple[str, Gain]]:
    """Yield per pretest what those gained who have done both forms, the one wholly before the other.

    Whoever did not is left out and counted: what they knew before is not known.
    """
    taught, by_learner = _taught(programme), _by_learner(store)
    for pair in pairs_of(one for one, _ in taught):
        tests = [(one, lesson) for one, lesson in taught if one.id in pair]
        arms: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        left_out = 0
        for learner, rows in by_learner.items():
            mine = {one.id: (lesson, _answers(lesson, rows)) for one, lesson in assign_forms(tests, learner)}
            if not all(all(map(answers.closed, lesson.questions)) for lesson, answers in mine.values()):
                continue
            if not _in_order(rows, *(mine[name][0] for name in pair)):
                left_out += 1
                continue
            before, after = (mine[name][1].total(mine[name][0]) / len(mine[name][0].questions) for name in pair)
            arms[other_first(pair[0], learner)].append((before, after))
        yield pair[0], learning_gain(arms[False], arms[True]).model_copy(update={"left_out": left_out})


def _in_order(rows: Sequence[EventRow], first: Lesson, then: Lesson) -> bool:
    """Say whether a learner answered all of one form before any of the other; at the same moment is not before."""
    return max(_moments(rows, first)) < min(_moments(rows, then))


def _moments(rows: Sequence[EventRow], lesson: Lesson) -> Iterable[float]:
    """Return when each question of a test was answered first."""
    met: dict[str, float] = {}
    for row in rows:
        for name in _answers(lesson, [row]).given:
            met.setdefault(name, row.at)
    return met.values()


def _taught(programme: ProgramFolder) -> list[tuple[Activity, Lesson]]:
    planned = {step.activity.id: step.activity for role in programme.plan().roles for step in role.activities}
    return [(one, lesson) for one in planned.values() if (lesson := programme.lesson(one))]


def _by_learner(store: Store) -> dict[str, list[EventRow]]:
    rows = sorted(store.events(ANSWERED), key=lambda row: row.learner)  # stable: a learner's own stay in their order
    return {learner: list(own) for learner, own in groupby(rows, key=lambda row: row.learner)}


def _answers(lesson: Lesson, rows: Iterable[EventRow], places: Collection[str] = ()) -> Answers:
    """Read the answers to a lesson's questions as they are today; what was asked otherwise then is left out.

    `places` are the activities in which they were asked, by default the one that the lesson is named like.
    """
    questions = {question.id: question for question in lesson.questions}
    given: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.instance in (places or (lesson.id,)):
            name, answer = answer_of(row)
            if name in questions and questions[name].knows(answer):
                given[name] = (*given.get(name, ()), answer)
    return Answers(given=given, once=lesson.needed > 0)
