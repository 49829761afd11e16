"""The whole long-horizon case from a file: risk over years, ceiling, sensitivity, stress matrix, fault tree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen

from drillyard.containment.horizon.assumptions import RANGES, AssumptionChange, Assumptions, change_assumptions
from drillyard.containment.horizon.ceiling import Ceiling, ceiling
from drillyard.containment.horizon.faulttree import FaultTree, TreeReport, analyse
from drillyard.containment.horizon.layers import Layer, default_layers, layers_named
from drillyard.containment.horizon.layertree import layer_tree
from drillyard.containment.horizon.risk import DOES_NOT_SHOW, Drawn, RiskReport, risk
from drillyard.containment.horizon.sensitivity import Sensitivity, sensitivity
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.horizon.spread import HorizonDraws
from drillyard.containment.horizon.stress import StressMatrix, stress
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.progress import Progress, silent
from drillyard.records.yaml_file import read_yaml_record

__all__ = ["LONG", "MOST_OWN", "HorizonReport", "HorizonSpec", "draws_of", "judge_horizon", "layers_of", "read_horizon"]

LONG = 30
"""Years after which a layer is stressed at least: a theft or a drift that has happened, not one that may."""


MOST_DRAWS = 4000
"""Draws of the assumptions for each skill that the ceiling is looked for at, at most."""
MOST_OWN = 39
"""Layers of one's own: with ours, and the other events of the first year, as many as a fault tree may have."""


class HorizonSpec(Record):
    """What is judged: horizon, limit, installation, layers by name (all of ours when absent) and own ones.

    `assumptions` change ours by id. A fault tree of one's own takes the place of that of the layers.
    """

    years: Annotated[int, Ge(1), Le(1000)] = 10
    limit: Annotated[float, Gt(0), Le(1)] = 0.1
    setting: HorizonSetting = HorizonSetting()
    layers: tuple[str, ...] | None = None
    own_layers: Annotated[tuple[Layer, ...], MaxLen(MOST_OWN)] = ()
    assumptions: tuple[AssumptionChange, ...] = ()
    tree: FaultTree | None = None


class HorizonReport(Record):
    """What a long horizon shows; the case holds when the mean risk, flaw included, is within the limit."""

    spec: HorizonSpec
    assumptions: Assumptions
    risk: RiskReport
    ceiling: Ceiling
    sensitivity: Sensitivity
    stress: StressMatrix
    tree: TreeReport
    holds: bool
    verdict: str
    ranges: str = RANGES
    does_not_show: str = DOES_NOT_SHOW


def read_horizon(path: Path) -> HorizonSpec:
    """Read a spec from YAML. Raises `BadInput` with the field or the assumption that is wrong."""
    spec = read_yaml_record(path, HorizonSpec)
    change_assumptions(spec.assumptions)
    layers_of(spec)
    return spec


def layers_of(spec: HorizonSpec) -> tuple[Layer, ...]:
    """Return the layers of a spec. Raises `BadInput` at unknown names and at names given twice."""
    chosen = (*(default_layers() if spec.layers is None else layers_named(spec.layers)), *spec.own_layers)
    names = [one.name for one in chosen]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise bad_input(f"layers {', '.join(twice)} twice", "every layer once", "rename your own layer")
    return chosen


def draws_of(spec: HorizonSpec, draws: int, seed: int) -> HorizonDraws:
    """Return what the draws for the risk of a spec follow from."""
    layers, assumptions = layers_of(spec), change_assumptions(spec.assumptions)
    return HorizonDraws(
        layers=layers, assumptions=assumptions, setting=spec.setting, years=spec.years, draws=draws, seed=seed
    )


def judge_horizon(
    spec: HorizonSpec,
    *,
    draws: int = 20_000,
    seed: int = 1,
    power: int = 10,
    drawn: Sequence[Drawn] = (),
    told: Progress = silent,
) -> HorizonReport:
    """Compute everything about a spec.

    Args:
        spec: what is judged.
        draws: of the assumptions, for the risk.
        seed: decides the draws.
        power: of two, points for the Sobol indices.
        drawn: the draws for the risk where they were computed elsewhere, by `draw_apart` of `draws_of`.
        told: what is being done.
    """
    layers, assumptions = layers_of(spec), change_assumptions(spec.assumptions)
    years, limit, setting = spec.years, spec.limit, spec.setting

    found = risk(layers, assumptions, years=years, limit=limit, draws=draws, seed=seed, setting=setting, drawn=drawn)
    told("risk", 1, 5)
    tried = min(draws, MOST_DRAWS)
    top = ceiling(layers, assumptions, years=years, limit=limit, draws=tried, seed=seed, setting=setting)
    told("ceiling", 2, 5)
    ranked = sensitivity(layers, assumptions, years=years, limit=limit, power=power, seed=seed, setting=setting)
    told("sensitivity", 3, 5)
    matrix = stress(layers, assumptions, years=max(years, LONG), limit=limit, setting=setting)
    told("stress", 4, 5)
    tree = analyse(spec.tree or layer_tree(layers, assumptions, setting, seed), seed=seed)
    told("fault tree", 5, 5)
    return HorizonReport(
        spec=spec,
        assumptions=assumptions,
        risk=found,
        ceiling=top,
        sensitivity=ranked,
        stress=matrix,
        tree=tree,
        holds=found.final.risk.value <= limit,
        verdict=_verdict(found, top, limit),
    )


def _verdict(found: RiskReport, top: Ceiling, limit: float) -> str:
    last = found.final.risk
    return (
        f"{top.words}: risk over {found.years} years {last.value:.2%} [{last.low:.2%}, {last.high:.2%}], "
        f"limit {limit:.2%}, over it in {found.over:.0%} of draws"
    )
