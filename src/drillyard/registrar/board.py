"""The score board: who wants to be on it, under a name of their own choice; nobody is on it unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import func, select

from drillyard.programs.refine import SMALLEST_COHORT
from drillyard.records import Attempt
from drillyard.records.names import visible_name
from drillyard.registrar.store import Refused, Store
from drillyard.registrar.tables import BoardRow

__all__ = ["Board", "Standing", "TeamStanding", "add_up", "rank", "told_teams"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row of the board; those of equal points share a place."""

    learner: str
    place: int
    shown_as: str
    points: float
    drills: int
    led: int
    mine: bool


@dataclass(frozen=True, kw_only=True)
class TeamStanding:
    """What those of a team who are on the board have together."""

    team: str
    people: int
    points: float


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


def rank(
    attempts: Sequence[Attempt], names: dict[str, str], me: str, led: Mapping[str, int] = MappingProxyType({})
) -> list[Standing]:
    """Return the board: points are the scores of everybody's first graded try at each drill, hints taken off.

    `led` says of how many activities a facilitator has recorded that a learner took part; it brings no points.
    """
    first: dict[tuple[str, str], float] = {}
    for attempt in attempts:
        if attempt.grade is not None and attempt.learner in names:
            first.setdefault((attempt.learner, attempt.drill), attempt.grade.final)
    scores = {learner: [one for (who, _), one in first.items() if who == learner] for learner in names}
    points = {learner: sum(found) for learner, found in scores.items()}
    return [
        Standing(
            learner=learner,
            place=1 + sum(other > points[learner] for other in points.values()),
            shown_as=names[learner],
            points=points[learner],
            drills=len(scores[learner]),
            led=led.get(learner, 0),
            mine=learner == me,
        )
        for learner in sorted(names, key=lambda one: (-points[one], names[one].casefold()))
    ]


def told_teams(teams: Mapping[str, str]) -> list[str]:
    """Return the teams that the board tells apart, given the team of everybody on it.

    Each has `SMALLEST_COHORT` people on the board, and so have all others together, or none: who stands there under a
    name of their own choice is one of several, also by the difference of two views.
    """
    people = Counter(teams.values())
    told = sorted((team for team in people if team and people[team] >= SMALLEST_COHORT), key=lambda one: people[one])
    others = sum(number for team, number in people.items() if team not in told)
    while told and 0 < others < SMALLEST_COHORT:
        others += people[told.pop(0)]
    return sorted(told)


def add_up(rows: Sequence[Standing], teams: Mapping[str, str]) -> list[TeamStanding]:
    """Return what each team that is told apart has, the most points a head first."""
    mine = {team: [one.points for one in rows if teams[one.learner] == team] for team in told_teams(teams)}
    found = [TeamStanding(team=team, people=len(points), points=sum(points)) for team, points in mine.items()]
    return sorted(found, key=lambda one: (-one.points / one.people, one.team))
