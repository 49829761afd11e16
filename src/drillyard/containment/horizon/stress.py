"""The stress matrix: what each layer still buys when one assumption holds in full and no other holds at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.horizon.assumptions import Assumptions, default_assumptions
from drillyard.containment.horizon.layers import Layer, default_layers
from drillyard.containment.horizon.model import Array, walk
from drillyard.containment.horizon.sampling import build_scenarios, ids_of
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.records import Record

__all__ = [
    "DEGRADES",
    "DOES_NOT_SHOW",
    "FLOORED",
    "SURVIVES",
    "VOID",
    "StressMatrix",
    "StressRow",
    "hold_together",
    "stress",
]

SURVIVES, DEGRADES, VOID, FLOORED = "survives", "degrades", "void", "floored"
DOES_NOT_SHOW = (
    "This does not show what two assumptions do together, nor anything that the model leaves out: a layer survives in "
    "the model only."
)

State = Literal["survives", "degrades", "void", "floored", "nothing"]


class StressRow(Record):
    """One layer: the part of the hazard it lowers, how far with every assumption quiet, and what is left of that.

    `kept` is the share of the orders of magnitude that it still buys, by assumption.
    """

    layer: str
    channel: str
    alone: float
    kept: tuple[float, ...]
    states: tuple[State, ...]


class StressMatrix(Record):
    """Layer by assumption. `added` is the risk over the horizon that the assumption alone adds behind all layers.

    A floor (A13) leaves a layer as it is, but the risk below `phi r` is out of reach of every layer.
    """

    assumptions: tuple[str, ...]
    rows: tuple[StressRow, ...]
    added: tuple[float, ...]
    years: int
    does_not_show: str = DOES_NOT_SHOW

    def state(self, layer: str, assumption: str) -> State:
        """Return one cell."""
        row = next(one for one in self.rows if one.layer == layer)
        return row.states[self.assumptions.index(assumption)]


def stress(
    layers: Sequence[Layer] | None = None,
    assumptions: Assumptions | None = None,
    *,
    years: int = 30,
    limit: float = 0.05,
    setting: HorizonSetting | None = None,
) -> StressMatrix:
    """Stress one assumption at a time to its hard end, all others quiet, and measure what each layer alone still buys.

    What it buys is the log ratio of the yearly hazard without it to that with it, over the last upgrade period of the
    horizon, in the channel where it buys most. At least 80 % kept: survives; at most 20 %: void; else degrades. An
    assumption whose floor `phi r` lies above the limit floors every layer.
    """
    layers, assumptions = default_layers() if layers is None else layers, assumptions or default_assumptions()
    setting, ids = setting or HorizonSetting(), tuple(ids_of(assumptions))
    values = build_scenarios(assumptions, [(), *((one,) for one in ids)], rest="quiet")
    floored = (values["flaw"] * values["flaw_risk"])[1:] > limit
    without, _ = _last(values, (), setting, years)
    rows = [_row(one, _last(values, (one,), setting, years)[0], without, floored) for one in layers]
    alive = _last(values, layers, setting, years)[1]
    claim = 1 - (1 - values["flaw"]) * alive - values["flaw"] * np.minimum(alive, 1 - values["flaw_risk"])
    return StressMatrix(
        assumptions=ids, rows=tuple(rows), added=tuple((claim[1:] - claim[0]).astype(float).tolist()), years=years
    )


def hold_together(
    layer: Layer,
    ids: Sequence[str],
    assumptions: Assumptions | None = None,
    *,
    years: int = 30,
    setting: HorizonSetting | None = None,
) -> float:
    """Return the share of what a layer buys that is left when several assumptions hold in full at once."""
    setting = setting or HorizonSetting()
    values = build_scenarios(assumptions or default_assumptions(), [(), tuple(ids)], rest="quiet")
    row = _row(
        layer, _last(values, (layer,), setting, years)[0], _last(values, (), setting, years)[0], np.zeros(1, bool)
    )
    return row.kept[0]


def _last(
    values: Mapping[str, Array], layers: Sequence[Layer], setting: HorizonSetting, years: int
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return mean hazards by channel over the last upgrade period, theft included, and who is left at the end."""
    sums = {name: np.zeros(values["theft"].size) for name in ("attack", "steering", "world")}
    alive = np.ones(values["theft"].size)
    for year in walk(values, layers, setting, years):
        if year.number > years - setting.upgrade_years:
            gone = 1 - (1 - values["theft"].astype(float)) ** year.number
            for name, behind, bare in zip(sums, year.hazards, year.bare, strict=True):
                sums[name] += (1 - gone) * behind + gone * bare
        alive = year.alive.astype(float)
    return sums, alive


def _row(
    layer: Layer,
    behind: Mapping[str, NDArray[np.float64]],
    without: Mapping[str, NDArray[np.float64]],
    floored: NDArray[np.bool_],
) -> StressRow:
    least = 1e-30  # hazards of 0, behind a monitor that misses nothing, are orders of magnitude all the same
    buys = {name: np.log(np.maximum(without[name], least) / np.maximum(behind[name], least)) for name in behind}
    channel = max(buys, key=lambda name: float(buys[name][0]))
    alone = float(buys[channel][0])
    kept = np.clip(buys[channel][1:] / alone, 0, None) if alone > 1e-6 else np.zeros(len(floored))
    states = [_state(alone, share, flat) for share, flat in zip(kept.tolist(), floored.tolist(), strict=True)]
    return StressRow(
        layer=layer.name, channel=channel, alone=float(np.exp(-alone)), kept=tuple(kept.tolist()), states=tuple(states)
    )


def _state(alone: float, kept: float, floored: bool) -> State:
    if floored:
        return "floored"
    if alone <= 1e-6:
        return "nothing"
    return "survives" if kept >= 0.8 else "void" if kept <= 0.2 else "degrades"
