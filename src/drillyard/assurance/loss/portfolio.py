"""A case's scenarios as perils: their frequency behind controls, by draw, and what their events cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from drillyard.assurance.case import Effect, Scenario
from drillyard.assurance.drawn import DrawnCase
from drillyard.assurance.inputs import Measured, severity_of
from drillyard.assurance.loss.compound import Peril
from drillyard.assurance.loss.severity import Array, Capped, Retained, Scaled, Severity
from drillyard.errors import bad_input

__all__ = [
    "EffectCell",
    "Factor",
    "base_severity",
    "cells_of",
    "doubt_of",
    "effect_factor",
    "factor_of",
    "frequency",
    "mean_loss",
    "mean_severity",
    "perils_at",
    "severity_at",
]


class EffectCell(NamedTuple):
    """What some controls together leave of a scenario's rate, by draw; `how` says where that comes from."""

    controls: frozenset[str]
    factor: Array
    how: str


class Factor(NamedTuple):
    """What a set of controls leaves of a scenario's rate, and what has to be said about it."""

    factor: Array
    note: str


def effect_factor(case: DrawnCase, place: str, effect: Effect) -> Array:
    """Return, by draw, the share of a scenario's rate that is left; above 1 where a control makes things worse."""
    if effect.passes is not None:
        left = case.value(f"{place}.passes", effect.passes)
    else:
        before = np.maximum(case.value(f"{place}.before", effect.before), 1e-12)
        left = case.value(f"{place}.after", effect.after) / before
    bypass = case.value(f"{place}.bypass", effect.bypass)
    return np.asarray(bypass + (1 - bypass) * left)


def cells_of(case: DrawnCase, scenario: Scenario) -> list[EffectCell]:
    """Return what is known of controls on a scenario: each alone, and those that were measured together.

    Where somebody vouches for independence, the product of the single ones is a cell of its own, and says so.
    """
    found = [
        EffectCell(frozenset({one.id}), effect_factor(case, f"{one.id}.{scenario.id}", one.effects[scenario.id]), "")
        for one in case.spec.controls
        if scenario.id in one.effects
    ]
    single = {next(iter(one.controls)): one.factor for one in found}
    for joint in case.spec.together:
        every = frozenset(joint.controls)
        if scenario.id in joint.effects:
            place = f"{'+'.join(joint.controls)}.{scenario.id}"
            found.append(EffectCell(every, effect_factor(case, place, joint.effects[scenario.id]), "measured together"))
        elif joint.independent_by and every <= single.keys():
            product = math.prod(single[name] for name in joint.controls)
            words = f"multiplied: independent by the word of {joint.independent_by}"
            found.append(EffectCell(every, np.asarray(product), words))
    return found


def factor_of(cells: Sequence[EffectCell], chosen: frozenset[str], draws: int) -> Factor:
    """Return what chosen controls leave of a rate.

    What was measured together counts as measured. Of controls that were not, only the best one counts.
    """
    active = [one for one in cells if one.controls <= chosen]
    if not active:
        return Factor(np.ones(draws), "")
    largest = max(len(one.controls) for one in active)
    together = [one for one in active if len(one.controls) == largest] if largest > 1 else active
    best = min(together, key=lambda one: float(one.factor.mean()))
    beside = sorted(set().union(*(one.controls for one in active)) - best.controls)
    notes = [best.how] if best.how else []
    if beside:
        notes.append(
            f"{', '.join(beside)} beside {' and '.join(sorted(best.controls))}: not measured together, adds nothing"
        )
    if float(best.factor.mean()) > 1:
        notes.append(f"{' and '.join(sorted(best.controls))} makes it worse")
    return Factor(best.factor, "; ".join(notes))


def frequency(case: DrawnCase, scenario: Scenario) -> Array:
    """Return events a year without any control, by draw."""
    parts = [
        case.value(f"{scenario.id}.{name}", getattr(scenario, name), 1.0)
        for name in ("uses", "rate", "escapes", "harm")
    ]
    return np.asarray(math.prod(parts))


def base_severity(scenario: Scenario) -> Severity:
    """Return what one event costs, as the case states it. Raises `BadInput` for a measured one."""
    if isinstance(scenario.severity, Measured):
        raise bad_input(f"a measured severity in {scenario.id}", "a cited or assumed one", "state its range")
    return severity_of(scenario.severity)


def doubt_of(case: DrawnCase, scenario: Scenario) -> Array:
    """Return the factor on a scenario's severities, by draw."""
    return case.values.get(f"{scenario.id}.doubt", np.ones(case.draws))


def severity_at(scenario: Scenario, doubt: float, base: Severity | None = None) -> Severity:
    """Return what one event costs oneself: scaled, capped, and without what an insurer pays; `base` saves making it."""
    found: Severity = base or base_severity(scenario)
    if doubt != 1:
        found = Scaled(inner=found, factor=doubt)
    if scenario.cap is not None:
        found = Capped(inner=found, cap=scenario.cap)
    if scenario.insurance:
        found = Retained(inner=found, excess=scenario.insurance.excess, limit=scenario.insurance.limit)
    return found


def mean_severity(case: DrawnCase, scenario: Scenario) -> Array:
    """Return the mean cost of an event, by draw; infinite where there is none."""
    base, doubt = base_severity(scenario), doubt_of(case, scenario)
    cap = math.inf if scenario.cap is None else scenario.cap

    def limited(amount: float) -> Array:
        return np.asarray(doubt * base.limited_mean(min(amount, cap) / doubt))

    found = limited(cap) if math.isfinite(cap) else doubt * base.mean
    if scenario.insurance:
        excess, limit = scenario.insurance.excess, scenario.insurance.limit
        found = found - (limited(excess + limit) - limited(excess))
    return np.asarray(found)


def mean_loss(case: DrawnCase, scenario: Scenario) -> Array:
    """Return the expected loss a year of a scenario without controls, by draw. Raises `BadInput` without a mean."""
    mean = mean_severity(case, scenario)
    if not np.isfinite(mean).all():
        how = "state alpha above 1, or the most that one event can cost as `cap`"
        raise bad_input(f"a severity without a mean in {scenario.id}", "a tail whose mean exists", how)
    return np.asarray(frequency(case, scenario) * mean)


def perils_at(case: DrawnCase, factors: Sequence[Array], draw: int) -> list[Peril]:
    """Return the perils of one draw, with what controls leave of each scenario's rate."""
    return [
        Peril(
            rate=float(frequency(case, one)[draw] * factor[draw]),
            severity=severity_at(one, float(doubt_of(case, one)[draw])),
            clustering=one.clustering,
        )
        for one, factor in zip(case.spec.scenarios, factors, strict=True)
    ]
