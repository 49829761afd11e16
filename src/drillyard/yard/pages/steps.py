"""How far a learner is in their plan: what they did at each step, where it is done, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drillyard.records import Activity, RolePlan, Scheduled
from drillyard.registrar.floor import held_switch
from drillyard.registrar.led import OUTCOMES
from drillyard.registrar.submissions import GradingProgress
from drillyard.registrar.tables import LedRow
from drillyard.yard.pages.lesson import LessonCard
from drillyard.yard.visit import Visit

__all__ = ["Step", "Steps", "steps_of"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a plan.

    `state` is one of the four of the pages, or empty where nothing is to be told yet, and `words` go with it; `where`
    is the page on which it is done, empty with a facilitator; `held` back is what a facilitator opens later.
    """

    scheduled: Scheduled
    done: bool
    state: str
    words: str
    where: str
    held: bool = False

    @property
    def activity(self) -> Activity:
        """What is done."""
        return self.scheduled.activity


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of a learner's plan, in its order."""

    all: Sequence[Step]

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(step.done for step in self.all)

    @property
    def finished(self) -> bool:
        """Whether all of them are."""
        return bool(self.all) and self.done == len(self.all)

    @property
    def next(self) -> Step | None:
        """The first one that the learner can do now, by themselves."""
        return next((step for step in self.all if not step.done and step.where and not step.held), None)

    @property
    def led(self) -> list[Step]:
        """Those that are left and wait for a facilitator."""
        return [step for step in self.all if not step.done and (not step.where or step.held)]


def steps_of(visit: Visit, role: RolePlan | None, lessons: Mapping[str, LessonCard]) -> Steps:
    """Return the steps of the learner's plan; a drill is done when a try of it is graded."""
    if role is None:
        return Steps(all=[])
    led, work = visit.yard.led.of(visit.me().id), visit.yard.submissions.of_learner(visit.me().id)
    return Steps(
        all=[
            _drill(visit, one, work) if one.activity.drill else _step(one, lessons.get(one.activity.id), led)
            for one in role.activities
        ]
    )


def _step(scheduled: Scheduled, lesson: LessonCard | None, led: Mapping[str, LedRow]) -> Step:
    activity = scheduled.activity
    if lesson:
        state, words = _of_lesson(lesson)
        where = f"/lessons/{activity.id}"
        return Step(scheduled=scheduled, done=lesson.done, state=state, words=words, where=where)
    row, own = led.get(activity.id), activity.kind == "reading"
    words = "" if row is None else "read" if own else OUTCOMES[row.outcome]  # type: ignore[index]
    if row and row.note:
        words += f": {row.note}"
    state = "" if row is None else "missed" if row.outcome == "not-yet" else "found"
    where = f"/reading#read-{activity.id}" if own else ""
    return Step(scheduled=scheduled, done=row is not None, state=state, words=words, where=where)


def _drill(visit: Visit, scheduled: Scheduled, work: Mapping[str, GradingProgress]) -> Step:
    learner, drill = visit.me(), scheduled.activity.drill
    tries = [name for name in learner.tries(drill)]
    found = [work[name] for name in tries if name in work]
    grades = [one.grade for one in found if one.grade]
    passed = any(grade.passed for grade in grades)
    words = "passed" if passed else "not passed" if grades else "handed in" if found else ""
    return Step(
        scheduled=scheduled,
        done=bool(grades),
        state="found" if passed else "missed" if grades else "unknown" if found else "",
        words=words,
        where=f"/drills/{tries[-1]}" if tries else "",
        held=held_switch(drill) in visit.switches,
    )


def _of_lesson(lesson: LessonCard) -> tuple[str, str]:
    """Return the state of a lesson or quiz, and the words that go with it."""
    if not lesson.closed:
        return "", ""
    if not lesson.told:
        return "found" if lesson.done else "unknown", f"{lesson.closed} of {lesson.questions} answered"
    shown = "found" if lesson.earned >= lesson.needed else "missed"
    return shown if lesson.done else "unknown", f"{lesson.earned:.3g} of {lesson.questions} answered rightly"
