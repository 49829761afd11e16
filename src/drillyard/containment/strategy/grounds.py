"""What a case rests on: each believed claim taken away in turn, and the case computed again without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drillyard.containment.horizon.assumptions import Assumptions, change_assumptions, default_assumptions
from drillyard.containment.horizon.ceiling import Ceiling, ceiling
from drillyard.containment.horizon.layers import Layer, strengthen
from drillyard.containment.horizon.risk import risk
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.strategy.system import SystemSpec
from drillyard.containment.strategy.words import SETTING_WORDS, ranges, sentence
from drillyard.records import Record

__all__ = ["MANY_TRIES", "TIMES", "CeilingRange", "Ground", "GroundOutcome", "ceiling_range", "grounds"]

MANY_TRIES = 30
"""Attacks tried in a copy of the monitors by an attacker of whom nobody claims anything."""
TIMES = 2.0
"""How far the layers' factors are varied, either way: our guess at how well they are known."""
DRAWS = 4000
"""Draws of the assumptions for each case without a claim, at most."""

NOBODY = "nobody is named"


class GroundOutcome(Record):
    """A case: mean risk, draws over the limit, the skill at which it ends (a log; none: void at any), does it hold."""

    risk: float
    over: float
    skill: float | None
    holds: bool


class Ground(Record):
    """One believed claim: what it says, whose it is, and the case without it."""

    id: str
    words: str
    by: str
    without: GroundOutcome


class CeilingRange(Record):
    """The skill (a log) at which the case ends: as stated, and with every layer half or twice as good as stated."""

    stated: float | None
    weaker: float | None
    stronger: float | None


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What a case is computed from."""

    layers: tuple[Layer, ...]
    assumptions: Assumptions
    setting: HorizonSetting


Step = tuple[str, str, str, Callable[[_Case], _Case]]


def grounds(spec: SystemSpec, chosen: Sequence[Layer], seed: int = 1, draws: int = DRAWS) -> tuple[Ground, ...]:
    """Return every claim that the file makes, each with the case without it, and last the case without any.

    The layers stay as they were chosen; `draws` is of the assumptions, for each case. Claims are changed ranges, layers
    of one's own, numbers of the installation other than ours (but the number of questions), and what the attacker is
    taken not to do.
    """
    whole = _Case(layers=tuple(chosen), assumptions=change_assumptions(spec.assumptions), setting=spec.setting)
    steps = list(_steps(spec, chosen))
    found = [
        Ground(id=name, words=words, by=by or NOBODY, without=_outcome(spec, without(whole), seed, draws))
        for name, words, by, without in steps
    ]
    if len(steps) > 1:
        bare = whole
        for *_, without in steps:
            bare = without(bare)
        words = "All of the above together: nothing is taken on anybody's word."
        found.append(Ground(id="all", words=words, by="", without=_outcome(spec, bare, seed, draws)))
    return tuple(found)


def ceiling_range(
    spec: SystemSpec, chosen: Sequence[Layer], stated: Ceiling, seed: int = 1, draws: int = DRAWS
) -> CeilingRange:
    """Return the ceiling over the layers' factors, which nobody has measured where the file does not say so."""
    ends = []
    for times in (1 / TIMES, TIMES):
        layers = tuple(one if one.measured else strengthen(one, times) for one in chosen)
        case = _Case(layers=layers, assumptions=change_assumptions(spec.assumptions), setting=spec.setting)
        ends.append(_ceiling(spec, case, seed, draws))
    return CeilingRange(stated=stated.skill, weaker=ends[0], stronger=ends[1])


def _steps(spec: SystemSpec, chosen: Sequence[Layer]) -> Iterable[Step]:
    """Return each claim: its id, its words, whose it is, and what takes it away from a case."""
    told = {one.id: one for one in change_assumptions(spec.assumptions).assumptions}
    ours = {one.id: one for one in default_assumptions().assumptions}
    for change in spec.assumptions:
        if change.parameters:
            by = change.by or change.evidence or ""
            usual = ranges(ours[change.id], [one.name for one in change.parameters])
            yield change.id, f"{sentence(told[change.id])} (Our range: {usual}.)", by, _range(change.id)
    for one in chosen:
        if one in spec.own_layers and not one.measured:
            yield (
                one.name,
                f"{one.name.replace('-', ' ').capitalize()}: {one.words or 'works as stated'}",
                one.by,
                _layer(one),
            )
    for name, usual in HorizonSetting().model_dump().items():
        value = getattr(spec.setting, name)
        if name != "questions" and value != usual:
            words = SETTING_WORDS[name].format(value=value, skill=math.exp(value) if "skill" in name else 0)
            yield name, words, spec.setting_by, _setting(name, usual)
    if spec.tries < MANY_TRIES and any(one.monitor for one in chosen):
        words = (
            f"The attacker rehearses at most {spec.tries} attacks on a copy of what watches it before it sends one "
            f"(without: {MANY_TRIES})."
        )
        yield "tries", words, spec.setting_by, _tries


def _range(name: str) -> Callable[[_Case], _Case]:
    def without(case: _Case) -> _Case:
        usual = {one.id: one for one in default_assumptions().assumptions}
        kept = tuple(usual[name] if one.id == name else one for one in case.assumptions.assumptions)
        return replace(case, assumptions=Assumptions(assumptions=kept))

    return without


def _layer(gone: Layer) -> Callable[[_Case], _Case]:
    def without(case: _Case) -> _Case:
        left = tuple(one for one in case.layers if one.name != gone.name)
        return replace(case, layers=left)

    return without


def _setting(name: str, usual: object) -> Callable[[_Case], _Case]:
    return lambda case: replace(case, setting=case.setting.model_copy(update={name: usual}))


def _tries(case: _Case) -> _Case:
    layers = tuple(
        one.model_copy(update={"monitor": one.monitor.model_copy(update={"tries": MANY_TRIES})}) if one.monitor else one
        for one in case.layers
    )
    return replace(case, layers=layers)


def _outcome(spec: SystemSpec, case: _Case, seed: int, draws: int) -> GroundOutcome:
    found = risk(case.layers, case.assumptions, **_told(spec, case, seed, draws))
    mean = found.final.risk.value
    holds = mean <= spec.limit and found.over <= spec.most_over
    return GroundOutcome(risk=mean, over=found.over, skill=_ceiling(spec, case, seed, draws), holds=holds)


def _ceiling(spec: SystemSpec, case: _Case, seed: int, draws: int) -> float | None:
    return ceiling(case.layers, case.assumptions, **_told(spec, case, seed, draws)).skill


def _told(spec: SystemSpec, case: _Case, seed: int, draws: int) -> dict[str, Any]:
    return {"years": spec.years, "limit": spec.limit, "draws": draws, "seed": seed, "setting": case.setting}
