"""The alignment matrix, objective × activity × evidence, as a hard gate on the catalogue.

Nothing enters a programme that serves no objective, and no objective is promised that nothing can show. The limits
here (verbs, share assessed by doing) are policy, after `docs/reference/programs.md`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from drillyard.errors import did_you_mean
from drillyard.planning.graph import Catalogue, Role
from drillyard.records import Objective

__all__ = ["find_cycle", "problems"]

UNOBSERVABLE = ("understand", "know", "be aware", "learn", "appreciate", "be familiar", "grasp", "realise", "believe")
LEAST_OBJECTIVES = 4
"""Policy: a role with fewer is a talk and no programme."""

LEAST_BY_DOING = Fraction(60, 100)
_ID = "[a-z0-9][a-z0-9.-]{0,99}"

BY_DOING = ("performance", "work-sample")
BELOW_APPLY = ("remember", "understand")


def problems(catalogue: Catalogue) -> list[str]:
    """Return every reason why a catalogue may not be used, in plain words; an empty list means that it is sound."""
    # Each stage follows references and orders that the stages before it have found sound.
    stages = ((_misnamed, _repeated, _dangling, _idle, _unobservable), (_cycles,), (_orphans, _thin_roles))
    for stage in stages:
        if found := [problem for check in stage for problem in check(catalogue)]:
            return found
    return []


def _misnamed(catalogue: Catalogue) -> Iterator[str]:
    # Ids become parts of paths and of web addresses.
    tables = (catalogue.roles, catalogue.competencies, catalogue.objectives, catalogue.activities)
    for name in (row.id for table in tables for row in table):
        if not re.fullmatch(_ID, name):
            yield f"the id {name[:100]!r} is not of lower-case letters, digits, dots and hyphens"


def _repeated(catalogue: Catalogue) -> Iterator[str]:
    # Objectives and drills share one list of names: a brief may give up either by its id.
    named = {
        "role": [r.id for r in catalogue.roles],
        "competency": [c.id for c in catalogue.competencies],
        "objective or drill": [o.id for o in catalogue.objectives] + sorted(_drills(catalogue)),
        "activity": [a.id for a in catalogue.activities],
        "law": [law.id for law in catalogue.laws],
        "source": [s.id for s in catalogue.sources],
        "risk": [r.id for r in catalogue.risks],
    }
    for kind, ids in named.items():
        yield from (f"{kind} {one!r} is defined twice" for one, count in Counter(ids).items() if count > 1)


def _dangling(catalogue: Catalogue) -> Iterator[str]:
    competencies = {c.id for c in catalogue.competencies}
    objectives = {o.id for o in catalogue.objectives}
    activities = {a.id for a in catalogue.activities}
    sources = {s.id for s in catalogue.sources}
    drills = _drills(catalogue)
    links: list[tuple[str, str, Iterable[str], set[str]]] = []
    for role in catalogue.roles:
        links.append((f"role {role.id!r}", "competency", role.competencies, competencies))
        links.append((f"role {role.id!r} under levels", "competency", role.levels, set(role.competencies)))
        links.append((f"role {role.id!r}", "drill", role.drills, drills))
    for risk in catalogue.risks:
        links.append((f"risk {risk.id!r}", "source", risk.sources, sources))
        for asked in risk.requires:
            links.append((f"risk {risk.id!r}", "role", asked.roles, {r.id for r in catalogue.roles}))
            links.append((f"risk {risk.id!r}", "competency", asked.competencies, competencies))
            links.append((f"risk {risk.id!r} under levels", "competency", asked.levels, set(asked.competencies)))
            links.append((f"risk {risk.id!r}", "drill", asked.drills, drills))
    for competency in catalogue.competencies:
        links.append((f"competency {competency.id!r}", "competency", competency.after, competencies))
        whole = [competency.part_of] if competency.part_of else []
        links.append((f"competency {competency.id!r}", "competency", whole, competencies))
        links.append((f"competency {competency.id!r}", "source", competency.sources, sources))
    for objective in catalogue.objectives:
        links.append((f"objective {objective.id!r}", "competency", [objective.competency], competencies))
    for activity in catalogue.activities:
        links.append((f"activity {activity.id!r}", "objective", activity.objectives, objectives))
        links.append((f"activity {activity.id!r}", "activity", activity.after, activities))
    for where, kind, ids, known in links:
        for one in (one for one in ids if one not in known):
            near = did_you_mean(one, known)
            yield f"{where} names the {kind} {one!r}, which does not exist{near and f'; {near}'}"


def _cycles(catalogue: Catalogue) -> Iterator[str]:
    graphs = {
        "competencies": {c.id: set(c.after) for c in catalogue.competencies},
        "activities": {a.id: set(a.after) for a in catalogue.activities},
    }
    for kind, graph in graphs.items():
        if cycle := find_cycle(graph):
            yield f"{kind} wait for each other: {cycle}"
            return
    if cycle := find_cycle({c.id: {c.part_of} - {""} for c in catalogue.competencies}):
        yield f"competencies are parts of each other: {cycle}"
        return
    for first, then in catalogue.orders(catalogue.activities):
        graphs["activities"][then].add(first)
    if cycle := find_cycle(graphs["activities"]):
        yield f"the order of activities contradicts that of their competencies: {cycle}"


def _unobservable(catalogue: Catalogue) -> Iterator[str]:
    for objective in catalogue.objectives:
        verb = objective.verb.casefold()
        if bad := next((word for word in UNOBSERVABLE if f"{verb} ".startswith(f"{word} ")), None):
            yield f"objective {objective.id!r} uses {bad!r}, which nobody can observe"
        elif not re.match(rf"{re.escape(verb)}\b", objective.statement.casefold()):
            yield f"objective {objective.id!r}: its statement does not begin with its verb {objective.verb!r}"


def _idle(catalogue: Catalogue) -> Iterator[str]:
    for activity in catalogue.activities:
        if not activity.objectives:
            yield f"activity {activity.id!r} serves no objective"
        if (activity.kind in ("drill", "interview")) != bool(activity.drill):
            yield f"activity {activity.id!r} is of kind {activity.kind!r} and names the drill {activity.drill!r}"


def _orphans(catalogue: Catalogue) -> Iterator[str]:
    needed = {competency for role in catalogue.roles for competency in role.competencies}
    needed |= {c for risk in catalogue.risks for asked in risk.requires for c in asked.competencies}
    for objective in catalogue.objectives:
        evidence = objective.evidence
        if not any(catalogue.shows(a, objective) for a in catalogue.activities if a.ready):
            yield f"objective {objective.id!r} is an orphan: no built activity gives {evidence} evidence of it"
        if objective.competency not in needed:
            yield f"objective {objective.id!r} is an orphan: no role needs {objective.competency!r}"


def _thin_roles(catalogue: Catalogue) -> Iterator[str]:
    for role in catalogue.roles:
        objectives = catalogue.objectives_of(role)
        if len(objectives) < LEAST_OBJECTIVES:
            yield f"role {role.id!r} has {len(objectives)} objectives, at least {LEAST_OBJECTIVES} are needed"
        critical = [o for o in objectives if role.competencies[o.competency] == "critical"]
        for kind, chosen in (("", objectives), ("critical ", critical)):
            if (share := _share_by_doing(chosen)) < LEAST_BY_DOING:
                yield (
                    f"role {role.id!r}: {float(share):.0%} of its {kind}objectives at Apply or above are assessed by "
                    f"doing, at least {float(LEAST_BY_DOING):.0%} are needed"
                )
        yield from _out_of_reach(catalogue, role)


def _out_of_reach(catalogue: Catalogue, role: Role) -> Iterator[str]:
    usable = catalogue.open_to(role)
    for objective in catalogue.objectives_of(role):
        if not any(catalogue.shows(a, objective) for a in usable):
            yield f"role {role.id!r} can take no activity that shows its objective {objective.id!r}"
    for drill in set(role.drills) - {a.drill for a in usable}:
        yield f"role {role.id!r} takes the drill {drill!r}, which is not built or serves none of its objectives"


def _share_by_doing(objectives: Iterable[Objective]) -> Fraction:
    applied = [o for o in objectives if o.bloom not in BELOW_APPLY]
    return Fraction(sum(o.evidence in BY_DOING for o in applied), len(applied)) if applied else Fraction(1)


def _drills(catalogue: Catalogue) -> set[str]:
    return {a.drill for a in catalogue.activities if a.drill}


def find_cycle(graph: Mapping[str, Set[str]]) -> str:
    """Return a cycle as `a → b → a`, or the empty string."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " → ".join(error.args[1])
    return ""
