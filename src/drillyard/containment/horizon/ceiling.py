"""The capability ceiling: the skill above which no case holds, whatever else is in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from drillyard.containment.horizon.assumptions import Assumptions, default_assumptions
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.risk import case_risk
from drillyard.containment.horizon.sampling import build_scenarios, draw_independent
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "LEAST", "MOST", "Ceiling", "ceiling"]

LEAST, MOST = -5.0, 20.0
"""Log of the skill searched: from under a hundredth of the monitor's to half a billion times it."""

DOES_NOT_SHOW = (
    "This does not show that skill can be measured; in the model it weakens monitors and lets one act win, so that a "
    "high ceiling rests on agreement, debate and people who are not talked round by skill alone."
)


class Ceiling(Record):
    """Log skill (over the monitor's) up to which the risk stays within the limit, held for all years.

    None: void at any skill tried. `central` is the same with every assumption at its median and no flaw of argument.
    """

    skill: float | None
    central: float | None
    limit: float
    years: int
    words: str
    does_not_show: str = DOES_NOT_SHOW


def ceiling(
    layers: Sequence[Layer],
    assumptions: Assumptions | None = None,
    *,
    years: int = 30,
    limit: float = 0.05,
    draws: int = 4000,
    seed: int = 1,
    setting: HorizonSetting | None = None,
) -> Ceiling:
    """Find the highest skill, held for all years, at which the mean risk stays within the limit, by bisection.

    Risk never falls with skill, so that above it the case is void.
    """
    assumptions, setting = assumptions or default_assumptions(), setting or HorizonSetting()
    values = draw_independent(assumptions, draws, np.random.default_rng(seed))
    middle = build_scenarios(assumptions, [()])

    def mean_at(skill: float) -> float:
        return float(case_risk(values, layers, setting.model_copy(update={"held_skill": skill}), years).mean())

    def central_at(skill: float) -> float:
        held = setting.model_copy(update={"held_skill": skill})
        return float(case_risk(middle, layers, held, years, flaw=False)[0])

    found, central = (_highest(one, limit) for one in (mean_at, central_at))
    return Ceiling(skill=found, central=central, limit=limit, years=years, words=_words(found, central))


def _highest(risk_at: Callable[[float], float], limit: float) -> float | None:
    low, high = LEAST, MOST
    if risk_at(low) > limit:
        return None
    if risk_at(high) <= limit:
        return high
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if risk_at(middle) <= limit else (low, middle)
    return low


def _words(found: float | None, central: float | None) -> str:
    if found is not None:
        return _above(found)
    if central is None:
        return "Void at any skill, at the medians of the assumptions as well"
    return f"Void at any skill over the whole ranges ({_above(central).lower()} at their medians)"


def _above(skill: float) -> str:
    if skill >= MOST:
        return "Holds at every skill tried"
    return f"Void above {np.exp(skill):.2g} times the monitor's skill"
