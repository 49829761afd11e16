"""Differences between roles: is a question harder for one than for others who know as much? From many people on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drillyard.programs.roster import Roster
from drillyard.psychometrics.dif import Dif, dif
from drillyard.psychometrics.responses import Responses
from drillyard.records import Activity
from drillyard.registrar.lessons import FirstAnswers

__all__ = ["FEWEST", "LARGE", "RoleDifferences", "differences"]

LARGE = 300
"""Learners who answered all questions of a lesson from whom differences between groups are told, as `refine` says."""

FEWEST = 50
"""Of them in the role, and outside it: with fewer, a difference of class C is missed as often as not. Policy."""


@dataclass(frozen=True, kw_only=True)
class RoleDifferences:
    """A lesson: how many answered all of it, how many more it takes, and what is harder for whom (question, role)."""

    lesson: str
    learners: int
    needed: int
    found: tuple[tuple[str, str, Dif], ...] = ()


def differences(counted: Sequence[tuple[Activity, list[FirstAnswers]]], roster: Roster) -> Iterator[RoleDifferences]:
    """Yield per lesson with two questions of one point or more, and any answers, what differs between roles.

    Told are questions of class B and C of Mantel and Haenszel, at equal points in the whole lesson.
    """
    roles = {learner.id: learner.role for learner in roster.learners}
    for activity, first in counted:
        items = [one for one in first if one.question.points == 1]
        everybody = set(roles).intersection(*(one.answers for one in items)) if len(items) > 1 else set()
        people = sorted(everybody)
        if not people:
            continue
        if len(people) < LARGE:
            yield RoleDifferences(lesson=activity.title, learners=len(people), needed=LARGE - len(people))
            continue
        scores = np.array([[one.question.earned(one.answers[who]) for one in items] for who in people], dtype=float)
        names = tuple(one.question.id for one in items)
        responses = Responses(items=names, scores=scores, steps=np.ones(len(items), dtype=np.int64))
        found = []
        for role in sorted({roles[who] for who in people}):
            focal = np.array([roles[who] == role for who in people])
            if min(focal.sum(), (~focal).sum()) < FEWEST:
                continue
            for at, one in enumerate(items):
                told = dif(responses, at, focal)
                if told.grade in ("B", "C"):
                    found.append((one.question.ask, role, told))
        yield RoleDifferences(lesson=activity.title, learners=len(people), needed=0, found=tuple(found))
