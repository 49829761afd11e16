"""The competency graph: roles, competencies, objectives, activities, and the orders that follow from them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field

from drillyard.records import Activity, Competency, Law, Objective, Record

__all__ = [
    "EVIDENCE",
    "LEVELS",
    "Catalogue",
    "CompetencyModel",
    "Criticality",
    "Level",
    "Requirement",
    "Risk",
    "Role",
    "Source",
]

Criticality = Literal["critical", "important", "useful"]

EVIDENCE = {
    "drill": "performance",
    "interview": "performance",
    "work-sample": "work-sample",
    "quiz": "choice",
    "posttest": "choice",
    "discussion": "discussion",
}
"""Which kind of evidence a kind of activity gives. Readings, lessons, demos and pretests show nothing."""

Level = Literal[1, 2, 3]

LEVELS: dict[str, Level] = {"remember": 1, "understand": 1, "apply": 2, "analyse": 2, "evaluate": 3, "create": 3}
"""The level of an objective, from its place in Bloom's order: 1 recognises, 2 does, 3 judges and makes."""


class CompetencyModel(Record):
    """What a catalogue calls itself.

    `uri` is the root from which the UUIDs of its entries follow; `edition` changes with any of them.
    """

    uri: str
    title: str
    edition: str
    as_of: str


class Role(Record):
    """A role that can be trained. `competencies` says how critical each one is; `drills` which drills it takes.

    `levels` says up to which level a competency is needed; up to the highest where it says nothing.
    """

    id: str
    title: str
    description: str
    competencies: dict[str, Criticality]
    levels: dict[str, Level] = {}
    drills: tuple[str, ...] = ()


class Requirement(Record):
    """What a risk asks of some roles, beside what they must be able to do anyhow."""

    roles: tuple[str, ...] = Field(min_length=1)
    competencies: dict[str, Criticality] = Field(min_length=1)
    levels: dict[str, Level] = {}
    drills: tuple[str, ...] = ()


class Risk(Record):
    """What can go wrong with an AI system, and what it asks of which role."""

    id: str
    title: str
    sources: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = Field(min_length=1)


class Source(Record):
    """A framework statement behind a competency: what it says in our own words, and how far to trust the citation."""

    id: str
    title: str
    trust: str
    words: str = ""


class Catalogue(Record):
    """Everything that a programme can be planned from. `matrix.problems` says whether it is sound."""

    roles: tuple[Role, ...]
    competencies: tuple[Competency, ...]
    objectives: tuple[Objective, ...]
    activities: tuple[Activity, ...]
    laws: tuple[Law, ...]
    sources: tuple[Source, ...]
    risks: tuple[Risk, ...] = ()
    model: CompetencyModel = CompetencyModel(uri="urn:drillyard:unnamed", title="Unnamed", edition="0", as_of="")

    def role(self, role_id: str) -> Role:
        """Return a role by id; `KeyError` if there is none."""
        return {role.id: role for role in self.roles}[role_id]

    def objectives_of(self, role: Role) -> tuple[Objective, ...]:
        """Return the objectives of a role's competencies, up to the level that it needs, in catalogue order."""
        return tuple(
            o
            for o in self.objectives
            if o.competency in role.competencies and LEVELS[o.bloom] <= role.levels.get(o.competency, 3)
        )

    def shows(self, activity: Activity, objective: Objective) -> bool:
        """Say whether an activity gives the evidence that an objective asks for."""
        return objective.id in activity.objectives and EVIDENCE.get(activity.kind) == objective.evidence

    def open_to(self, role: Role, without: Iterable[str] = ()) -> tuple[Activity, ...]:
        """Return the activities that a role can be given, in catalogue order.

        They are built, serve one of the role's objectives (or prepare for one that does), run no drill that the role
        does not take or that is named in `without`, and so does everything that they come after.
        """
        drills = set(role.drills) - set(without)
        usable = {a.id: a for a in self.activities if a.ready and (not a.drill or a.drill in drills)}
        while stuck := [a.id for a in usable.values() if not usable.keys() >= set(a.after)]:
            for activity_id in stuck:
                del usable[activity_id]
        wanted = {objective.id for objective in self.objectives_of(role)}
        needed = {a.id for a in usable.values() if wanted & set(a.objectives)}
        while missing := {after for activity_id in needed for after in usable[activity_id].after} - needed:
            needed |= missing
        return tuple(a for a in usable.values() if a.id in needed)

    def orders(self, activities: Iterable[Activity]) -> Iterator[tuple[str, str]]:
        """Yield pairs (first, then) of activities that the order of competencies separates, or that a test does.

        An activity comes before another when each of its competencies comes before each competency of the other.
        Read so, the order of activities has no cycle as long as that of the competencies has none. A pretest comes
        before everything else, a posttest after it.
        """
        activities = tuple(activities)
        kept = {"pretest": 0, "posttest": 2}
        rank = {a.id: kept.get(a.kind, 1) for a in activities}
        competency_of = {o.id: o.competency for o in self.objectives}
        sets = [(a.id, {competency_of[o] for o in a.objectives}) for a in activities]
        for first, early in sets:
            for then, late in sets:
                same = rank[first] == rank[then]
                if rank[first] < rank[then] or (same and all(early <= self._behind[one] for one in late)):
                    yield first, then

    @functools.cached_property
    def _behind(self) -> dict[str, frozenset[str]]:
        """Map each competency to all that come before it, directly or not."""
        after = {c.id: c.after for c in self.competencies}

        @functools.cache
        def behind(competency: str) -> frozenset[str]:
            return frozenset().union(after[competency], *(behind(a) for a in after[competency]))

        return {c: behind(c) for c in after}
