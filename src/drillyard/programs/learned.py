"""What learners did as answers to items: the parts of drills, from graded attempts.

A part of a drill is an item; parts that depend on each other (`upsell/found`, `upsell/located`, `upsell/severity`) are
a testlet, one item with as many points. A learner counts once per drill, with the first graded attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from drillyard.programs.refine import first_graded
from drillyard.psychometrics.gain import Gain
from drillyard.psychometrics.options import Choices
from drillyard.psychometrics.responses import Responses, from_rows
from drillyard.records import Attempt, Grade

__all__ = ["Answered", "ItemScore", "points_of", "responses_of", "scores_of"]


@dataclass(frozen=True, kw_only=True)
class ItemScore:
    """What a learner's first answer to a question earned, of how many points."""

    learner: str
    item: str
    earned: int
    points: int


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What learners answered to questions at first: by option, by learner, and before and after the programme."""

    choices: tuple[Choices, ...] = ()
    scores: tuple[ItemScore, ...] = ()
    gains: tuple[tuple[str, Gain], ...] = ()


def responses_of(attempts: Iterable[Attempt]) -> Responses:
    """Return a row per learner, in the order of ids, and a column per part, `drill: part`; rehearsals do not count."""
    made = [one for one in attempts if not one.rehearsal]
    rows: dict[str, dict[str, int]] = {}
    most: dict[str, int] = {}
    for drill in sorted({one.drill for one in made}):
        for attempt in first_graded(one for one in made if one.drill == drill):
            if attempt.grade is None:
                continue
            row = rows.setdefault(attempt.learner, {})
            for part, (reached, points) in points_of(attempt.grade).items():
                row[f"{drill}: {part}"] = reached
                most[f"{drill}: {part}"] = max(most.get(f"{drill}: {part}", 1), points)
    return _table(rows, most)


def scores_of(scores: Iterable[ItemScore]) -> Responses:
    """Return a row per learner, in the order of ids, and a column per question."""
    rows: dict[str, dict[str, int]] = {}
    most: dict[str, int] = {}
    for one in scores:
        rows.setdefault(one.learner, {})[one.item] = one.earned
        most[one.item] = one.points
    return _table(rows, most)


def _table(rows: Mapping[str, Mapping[str, int]], most: Mapping[str, int]) -> Responses:
    items = sorted(most)
    table = np.full((len(rows), len(items)), np.nan)
    column = {name: at for at, name in enumerate(items)}
    for place, learner in zip(table, sorted(rows), strict=True):
        for name, reached in rows[learner].items():
            place[column[name]] = reached
    return from_rows(table, items, [most[name] for name in items])


def points_of(grade: Grade) -> dict[str, tuple[int, int]]:
    """Return points reached and points there by part; a check that comes several times counts once, if all hold."""
    held: dict[str, bool] = {}
    for check in grade.sub_checks:
        held[check.id] = held.get(check.id, True) and check.passed
    found: dict[str, tuple[int, int]] = {}
    for name, passed in held.items():
        part = name.partition("/")[0]
        reached, points = found.get(part, (0, 0))
        found[part] = (reached + passed, points + 1)
    return found
