"""Role × AI system × risk → competencies: what the systems of a brief add to what its roles must be able to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from drillyard.planning.graph import Catalogue, Criticality, Level, Requirement, Risk, Role
from drillyard.records import AISystem, Brief, RoleNeed

__all__ = ["add_risks", "reasons", "risks_of"]

_RANK = {word: rank for rank, word in enumerate(reversed(get_args(Criticality)))}


def add_risks(catalogue: Catalogue, brief: Brief) -> Catalogue:
    """Return the catalogue with what the risks of a brief's systems ask of the roles that work with them.

    Where role and risk ask for the same competency, the more critical need and the higher level hold.
    """
    needs = {need.id: need for need in brief.roles}
    roles = tuple(
        _widen(role, [asked for _, _, asked in risks_of(catalogue, needs[role.id], brief.systems)])
        if role.id in needs
        else role
        for role in catalogue.roles
    )
    return catalogue.model_copy(update={"roles": roles})


def reasons(catalogue: Catalogue, need: RoleNeed, brief: Brief) -> dict[str, str]:
    """Return per competency which risk of which system asks for it, in words."""
    told: dict[str, list[str]] = {}
    for system, risk, asked in risks_of(catalogue, need, brief.systems):
        for competency in asked.competencies:
            told.setdefault(competency, []).append(f"{system.name}: {risk.title[0].lower()}{risk.title[1:]}")
    return {competency: "; ".join(dict.fromkeys(lines)) for competency, lines in told.items()}


def risks_of(
    catalogue: Catalogue, need: RoleNeed, systems: tuple[AISystem, ...]
) -> Iterator[tuple[AISystem, Risk, Requirement]]:
    """Yield what each risk of each system that a role works with asks of it."""
    risks = {risk.id: risk for risk in catalogue.risks}
    for system in systems:
        if need.systems and system.id not in need.systems:
            continue
        for risk in (risks[name] for name in system.risks):
            yield from ((system, risk, asked) for asked in risk.requires if need.id in asked.roles)


def _widen(role: Role, asked: list[Requirement]) -> Role:
    competencies: dict[str, Criticality] = dict(role.competencies)
    levels = dict(role.levels)
    drills = dict.fromkeys(role.drills)
    for one in asked:
        for competency, need in one.competencies.items():
            held = competency in competencies
            level = max(_level(one.levels, competency), _level(levels, competency) if held else 1)
            competencies[competency] = max(need, competencies.get(competency, need), key=_RANK.__getitem__)
            levels[competency] = level
        drills |= dict.fromkeys(one.drills)
    return role.model_copy(
        update={"competencies": competencies, "levels": levels, "drills": tuple(drills)} if asked else {}
    )


def _level(levels: Mapping[str, Level], competency: str) -> Level:
    return levels.get(competency, 3)
