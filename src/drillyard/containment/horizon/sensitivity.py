"""Which assumption matters: Sobol indices by assumption, tornado, what alone breaks the limit, layers by Birnbaum."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from drillyard.containment.games.checks import check_count
from drillyard.containment.horizon.assumptions import Assumptions, default_assumptions
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.risk import case_risk
from drillyard.containment.horizon.sampling import build_scenarios, ids_of, place_points
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.records import Record

__all__ = ["AssumptionRow", "LayerRow", "Sensitivity", "sensitivity", "sobol_indices"]


class AssumptionRow(Record):
    """One assumption: Sobol indices, and the central risk with it alone at its easy and at its hard end."""

    id: str
    name: str
    first: float
    total: float
    at_easy: float
    at_hard: float
    breaks: bool


class LayerRow(Record):
    """One layer: the risk at the medians without it, and by how much it is worse (Birnbaum importance)."""

    layer: str
    without: float
    birnbaum: float


class Sensitivity(Record):
    """Assumptions by total index, layers by importance; `breaking` push the central risk over the limit alone."""

    central: float
    assumptions: tuple[AssumptionRow, ...]
    layers: tuple[LayerRow, ...]
    breaking: tuple[str, ...]
    samples: int


def sobol_indices(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    groups: Sequence[Sequence[int]],
    power: int = 10,
    seed: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return first-order and total Sobol indices of groups of inputs, by `2^power (groups + 2)` evaluations.

    Args:
        function: takes points of the unit cube, shape (inputs, points), and returns one value per point.
        groups: which inputs belong together; every input in one group.
        power: of two; the error falls about as `2^-power`.
        seed: scrambles the Sobol points.

    Sources: Saltelli et al. 2010 (first order), Jansen 1999 (total).
    """
    inputs = sum(len(one) for one in groups)
    both = qmc.Sobol(2 * inputs, rng=seed).random_base2(check_count("power", power)).T
    one, other = both[:inputs], both[inputs:]
    at_one, at_other = function(one), function(other)
    mean = (at_one.mean() + at_other.mean()) / 2
    whole = float(np.var(np.concatenate([at_one, at_other])))
    first, total = np.zeros(len(groups)), np.zeros(len(groups))
    for i, group in enumerate(groups):
        mixed = one.copy()
        mixed[list(group)] = other[list(group)]
        at_mixed = function(mixed)
        if whole > 0:
            first[i] = ((at_other - mean) * (at_mixed - at_one)).mean() / whole
            total[i] = ((at_one - at_mixed) ** 2).mean() / 2 / whole
    return first, total


def sensitivity(
    layers: Sequence[Layer],
    assumptions: Assumptions | None = None,
    *,
    years: int = 30,
    limit: float = 0.05,
    power: int = 10,
    seed: int = 1,
    setting: HorizonSetting | None = None,
) -> Sensitivity:
    """Rank assumptions and layers by what they do to the risk over the horizon."""
    assumptions, setting = assumptions or default_assumptions(), setting or HorizonSetting()
    parameters, ids = assumptions.parameters(), ids_of(assumptions)
    order = {one.name: i for i, one in enumerate(parameters)}

    def of(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return case_risk(place_points(parameters, points), layers, setting, years)

    first, total = sobol_indices(of, [[order[name] for name in names] for names in ids.values()], power, seed)
    sets = [(), *((one,) for one in ids)]
    hard = case_risk(build_scenarios(assumptions, sets), layers, setting, years)
    easy = case_risk(build_scenarios(assumptions, sets, easy=True), layers, setting, years)
    central = float(hard[0])
    rows = [
        AssumptionRow(
            id=one.id,
            name=one.name,
            first=float(first[i]),
            total=float(total[i]),
            at_easy=float(easy[i + 1]),
            at_hard=float(hard[i + 1]),
            breaks=bool(central <= limit < hard[i + 1]),
        )
        for i, one in enumerate(assumptions.assumptions)
    ]
    return Sensitivity(
        central=central,
        assumptions=tuple(sorted(rows, key=lambda row: -row.total)),
        layers=_layers(layers, assumptions, setting, years, central),
        breaking=tuple(row.id for row in rows if row.breaks),
        samples=2**power * (len(ids) + 2),
    )


def _layers(
    layers: Sequence[Layer], assumptions: Assumptions, setting: HorizonSetting, years: int, central: float
) -> tuple[LayerRow, ...]:
    middle, rows = build_scenarios(assumptions, [()]), []
    for one in layers:
        without = float(case_risk(middle, [each for each in layers if each != one], setting, years)[0])
        rows.append(LayerRow(layer=one.name, without=without, birnbaum=without - central))
    return tuple(sorted(rows, key=lambda row: -row.birnbaum))
