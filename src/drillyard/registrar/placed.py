"""Placement: what a learner knows of the lessons of their plan, found with a dozen questions at most.

A bank of the lessons' questions is measured from first answers once `MEASURED` learners have given some; before that
all count as equally hard, with one slope (a Rasch model), and what follows is as unsure as that says. The cut is where
somebody would earn `SHARE` of the bank's points. Both wrong decisions cost: a lesson skipped by who needed it, and one
taken by who did not, each as many answers of half a minute as a lesson takes (`COSTS`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drillyard.planning.lessons import Lesson
from drillyard.planning.questions import AnyQuestion
from drillyard.psychometrics.bank import NODES, Bank, bank_of
from drillyard.psychometrics.fit import fit
from drillyard.psychometrics.mastery import Costs, Mastery, decide_mastery
from drillyard.psychometrics.placement import next_item
from drillyard.psychometrics.responses import Responses
from drillyard.records import Activity
from drillyard.registrar.store import Store

__all__ = [
    "COSTS",
    "MEASURED",
    "PLACED",
    "SHARE",
    "Placement",
    "cut_of",
    "items_of",
    "keep_placed",
    "make_bank",
    "mastery_of",
    "place_learner",
    "placed_by",
]

PLACED = "placed"
"""The kind of event that an answer of a placement is."""

MEASURED = 50
"""Learners from whose answers difficulties are measured: with 50, difficulties are off by half a logit or less."""

SHARE = 0.75
"""Share of the points that whoever masters the lessons earns. Policy: three of four, as their quizzes ask."""

FEWEST = 6
"""Answers before a placement may end early: fewer come from too few lessons. Policy."""

COSTS = Costs(false_pass=30, false_fail=30, patience=5)


@dataclass(frozen=True, kw_only=True)
class Placement:
    """How far a placement is: the item to ask next, if any, how many were answered, and what that says."""

    item: str | None
    answered: int
    mastery: Mastery | None


def make_bank(taught: Sequence[tuple[Activity, Lesson]], first: Mapping[str, Mapping[str, int]]) -> Bank | None:
    """Return a bank of the questions of lessons, or `None` where there is no lesson.

    Args:
        taught: lessons; quizzes and tests among them are left out, for they are evidence.
        first: by learner, the points of the first answer to each item.
    """
    questions = items_of(taught)
    if not questions:
        return None
    names, steps = list(questions), [one.points for one in questions.values()]
    people = [given for given in first.values() if any(name in given for name in names)]
    if len(people) < MEASURED:
        return bank_of([1.0] * len(names), [[0.0] * most for most in steps], names)
    scores = np.array([[given.get(name, np.nan) for name in names] for given in people], dtype=np.float64)
    return fit(Responses(items=tuple(names), scores=scores, steps=np.array(steps)), "rasch")


def items_of(taught: Sequence[tuple[Activity, Lesson]]) -> dict[str, AnyQuestion]:
    """Return the questions that may be asked, by `lesson/question`."""
    return {
        f"{lesson.id}/{one.id}": one
        for activity, lesson in taught
        if activity.kind == "lesson"
        for one in lesson.questions
    }


def cut_of(bank: Bank) -> float:
    """Return the ability at which `SHARE` of a bank's points are earned."""
    whole = bank.expected() @ bank.steps / bank.steps.sum()
    return float(np.interp(SHARE, whole, NODES))


def mastery_of(bank: Bank, answers: Mapping[str, int]) -> Mastery:
    """Decide whether somebody is at the cut by the costs of both errors, or say how many more answers it takes."""
    scores = np.array([[answers.get(name, np.nan) for name in bank.items]], dtype=np.float64)
    return decide_mastery(bank, Responses(items=bank.items, scores=scores, steps=bank.steps), cut_of(bank), COSTS)


def place_learner(bank: Bank, learner: str, answers: Mapping[str, int]) -> Placement:
    """Return the next step of a placement; each learner is asked in an order of their own, from all lessons in turn."""
    seed = int.from_bytes(hashlib.sha256(learner.encode()).digest()[:4])
    known = {name: points for name, points in answers.items() if name in bank.items}
    content = {name: name.partition("/")[0] for name in bank.items}
    told = mastery_of(bank, known) if known else None
    decided = told is not None and told.verdict != "insufficient-evidence" and len(known) >= FEWEST
    item = None if decided else next_item(bank, known, seed=seed, content=content)
    return Placement(item=item, answered=len(known), mastery=told)


def keep_placed(store: Store, learner: str, item: str, answer: str, earned: int) -> None:
    """Keep an answer of a placement; a second one to the same item is not counted."""
    store.happened(learner, "", PLACED, json.dumps({"item": item, "answer": answer, "earned": earned}))


def placed_by(store: Store, learner: str) -> dict[str, int]:
    """Return the points of a learner's first answers in their placement, by item."""
    found: dict[str, int] = {}
    for row in store.events(PLACED, learner=learner):
        told = json.loads(row.detail)
        found.setdefault(told["item"], told["earned"])
    return found
