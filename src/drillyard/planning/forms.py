"""Pretest and posttest: two parallel forms, of which each learner gets one before the programme and the other after it.

Which one comes first is drawn by lot from the learner's id, so that a form that is easier cancels out of the gain. The
lesson of the pretest holds one form, that of the posttest the other; they ask for the same in the same order, about
other cases. Nobody is told what was right before both are done: it would be told of the other form too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from drillyard.errors import BadInput, bad_input
from drillyard.planning.lessons import Lesson
from drillyard.planning.questions import AnyQuestion
from drillyard.records import Activity

__all__ = ["TESTS", "assign_forms", "check_parallel", "other_first", "pairs_of"]

TESTS = ("pretest", "posttest")
"""The kinds of activity that are tests."""


def other_first(pretest: str, learner: str) -> bool:
    """Say, by lot, whether a learner gets the posttest's form first."""
    return bool(hashlib.sha256(f"{pretest}\0{learner}".encode()).digest()[0] & 1)


def pairs_of(activities: Iterable[Activity]) -> Iterator[tuple[str, str]]:
    """Yield the ids of each pretest with its posttest, which comes after it."""
    kinds = {one.id: one for one in activities}
    for one in kinds.values():
        if one.kind == "posttest":
            yield from ((first, one.id) for first in one.after if first in kinds and kinds[first].kind == "pretest")


def assign_forms(planned: Sequence[tuple[Activity, Lesson]], learner: str) -> list[tuple[Activity, Lesson]]:
    """Return the lessons of a plan with the questions that a learner gets in them."""
    lessons = {activity.id: lesson for activity, lesson in planned}
    asked = {name: lesson.questions for name, lesson in lessons.items()}
    for first, then in pairs_of(activity for activity, _ in planned):
        if other_first(first, learner):
            asked[first], asked[then] = asked[then], asked[first]
    return [(activity, lesson.model_copy(update={"questions": asked[activity.id]})) for activity, lesson in planned]


def check_parallel(first: Lesson, then: Lesson) -> None:
    """Refuse forms that are not parallel: as many questions, in order of the same kind and worth, of other names.

    No right answer of one form, typed into the other as it was typed there, may be right again: else one list of
    answers, handed on or by luck, would pass both. Whether they are equally hard is measured with the gain. Raises
    `BadInput`.
    """
    shapes = [[(one.kind, one.points) for one in lesson.questions] for lesson in (first, then)]
    if shapes[0] != shapes[1]:
        told = [", ".join(f"{kind} of {points}" for kind, points in shape) for shape in shapes]
        raise bad_input(f"{first.id} ({told[0]}) and {then.id} ({told[1]})", "the same kinds and points in one order")
    if twice := {one.id for one in first.questions} & {one.id for one in then.questions}:
        raise bad_input(f"the question {min(twice)!r} in {first.id} and in {then.id}", "names that differ")
    for one, other in zip(first.questions, then.questions, strict=True):
        if _is_right_in(one, other) or _is_right_in(other, one):
            typed = ", ".join(one.fields(one.key))
            raise bad_input(
                f"{typed!r} as right answer to {one.id!r} in {first.id} and to {other.id!r} in {then.id}",
                "answers that differ",
                "move an option, a target or a row, change a number, or rename a question of kind order",
            )
    if not first.needed or not then.needed:
        raise bad_input(
            f"{first.id} or {then.id} without 'needed'", "how many right answers show the objective in both"
        )


def _is_right_in(one: AnyQuestion, other: AnyQuestion) -> bool:
    """Say whether what answers a question rightly, typed into the form of another, is right there too."""
    try:
        return other.earned(other.read(one.fields(one.key))) == other.points
    except BadInput:
        return False
