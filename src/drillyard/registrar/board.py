"""The score board: who wants to be on it, under a name of their own choice; nobody is on it unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from drillyard.records import Attempt
from drillyard.records.names import visible_name
from drillyard.registrar.store import Refused, Store
from drillyard.registrar.tables import BoardRow

__all__ = ["Board", "Standing", "rank"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row of the board; those of equal points share a place."""

    place: int
    shown_as: str
    points: float
    drills: int
    mine: bool


class Board:
    """Those in a yard's database who want to be on its board."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def names(self) -> dict[str, str]:
        """Return under which name each learner stands there."""
        with self._store.reading() as session:
            return {row.learner: row.shown_as for row in session.scalars(select(BoardRow))}

    def join(self, learner: str, shown_as: str) -> None:
        """Put a learner on the board. Raises `BadInput` for no name, `Refused` for one that another learner has."""
        name = visible_name(shown_as, "name", 40)
        taken = select(BoardRow).where(func.lower(BoardRow.shown_as) == name.lower(), BoardRow.learner != learner)
        with self._store.writing() as session:
            if session.scalar(taken):
                raise Refused(f"found {name!r}, which another learner has, expected a name of your own; add a word")
            session.merge(BoardRow(learner=learner, shown_as=name, at=self._store.clock()))

    def leave(self, learner: str) -> None:
        """Take a learner off the board."""
        with self._store.writing() as session:
            if row := session.get(BoardRow, learner):
                session.delete(row)


def rank(attempts: Sequence[Attempt], names: dict[str, str], me: str) -> list[Standing]:
    """Return the board: points are the scores of everybody's first graded try at each drill, hints taken off."""
    first: dict[tuple[str, str], float] = {}
    for attempt in attempts:
        if attempt.grade is not None and attempt.learner in names:
            first.setdefault((attempt.learner, attempt.drill), attempt.grade.final)
    scores = {learner: [one for (who, _), one in first.items() if who == learner] for learner in names}
    points = {learner: sum(found) for learner, found in scores.items()}
    return [
        Standing(
            place=1 + sum(other > points[learner] for other in points.values()),
            shown_as=names[learner],
            points=points[learner],
            drills=len(scores[learner]),
            mine=learner == me,
        )
        for learner in sorted(names, key=lambda one: (-points[one], names[one].casefold()))
    ]
