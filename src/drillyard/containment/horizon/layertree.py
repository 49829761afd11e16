"""The fault tree of the first year behind layers: what the hazard model multiplies, as events that can be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from drillyard.containment.horizon.assumptions import Assumptions
from drillyard.containment.horizon.faulttree import Event, FaultTree, TreeGate
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.model import Array, chances_in
from drillyard.containment.horizon.sampling import build_scenarios, draw_independent
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.horizon.works import own_misses

__all__ = ["DRAWS", "layer_tree"]

DRAWS = 4000
"""Draws of the assumptions by which the interval of each event is found (5 % to 95 % of them)."""

_GOAL, _ACT, _BITS, _STEERED = "goal is harmful", "one act wins", "bits or persuasion win", "readers are steered"
_ASKED, _STOLEN, _BARE, _COMMON = "dangerous question asked", "weights are stolen", "unlayered bits win", "common cause"


def layer_tree(layers: Sequence[Layer], assumptions: Assumptions, setting: HorizonSetting, seed: int = 1) -> FaultTree:
    """Return the tree of harm in the first year behind these layers.

    Each event is a chance of the hazard model: its median is the value at the medians of all assumptions, its interval
    holds 90 % of draws. A layer on bits is in the chance that bits win; layers that catch share a common cause (A14).
    """
    middle = _chances(build_scenarios(assumptions, [()]), layers, setting)
    spread = _chances(draw_independent(assumptions, DRAWS, np.random.default_rng(seed)), layers, setting)
    events = tuple(_event(name, float(middle[name][0]), spread[name]) for name in middle)
    return FaultTree(top="harm", gates=tuple(_gates(layers)), events=events)


def _chances(values: Mapping[str, Array], layers: Sequence[Layer], setting: HorizonSetting) -> dict[str, Array]:
    """Return the chance of each event, shape (draws,)."""
    found = chances_in(values, layers, setting)
    passes = dict(found.passes)
    catching = [one.name for one in layers if one.multiplies == "uncaught"]
    chances = {
        _GOAL: found.harmful_goal,
        _ACT: found.act_wins,
        _BITS: found.bits_win,
        _BARE: found.bits_win_bare,
        _STEERED: found.steered,
        _ASKED: found.asked,
        _STOLEN: found.stolen,
    }
    if len(catching) > 1:
        common = values["common_cause"] * np.min([passes[name] for name in catching], axis=0)
        own = own_misses([passes[name] for name in catching], common)
        passes |= dict(zip(catching, own, strict=True))
        chances[_COMMON] = common
    return chances | {_fails(name): chance for name, chance in passes.items()}


def _gates(layers: Sequence[Layer]) -> Iterable[TreeGate]:
    """Return attack, steering, a dangerous answer and theft, each behind the layers that act on it."""
    on = {part: [_fails(one.name) for one in layers if one.multiplies == part] for part in _parts(layers)}
    catching, queries = on.get("uncaught", []), on.get("queries", [])
    before, after = on.get("attempts", []), on.get("decisive", [])
    if len(catching) > 1:
        yield TreeGate(name="each misses", kind="and", of=tuple(catching))
        yield TreeGate(name="nobody catches it", kind="or", of=("each misses", _COMMON))
        catching = ["nobody catches it"]
    yield TreeGate(name="it wins", kind="or", of=(_ACT, _BITS))
    yield TreeGate(name="attack", kind="and", of=(_GOAL, *queries, *before, *catching, "it wins", *after))
    yield TreeGate(name="steering", kind="and", of=(_STEERED, *queries, *on.get("steering", [])))
    yield TreeGate(name="dangerous answer", kind="and", of=(_ASKED, *queries))
    yield TreeGate(name="it wins unlayered", kind="or", of=(_ACT, _BARE))
    yield TreeGate(name="attack unlayered", kind="and", of=(_GOAL, "it wins unlayered"))
    yield TreeGate(name="harm unlayered", kind="or", of=("attack unlayered", _STEERED, _ASKED))
    yield TreeGate(name="theft", kind="and", of=(_STOLEN, "harm unlayered"))
    yield TreeGate(name="harm", kind="or", of=("attack", "steering", "dangerous answer", "theft"))


def _parts(layers: Sequence[Layer]) -> set[str]:
    return {one.multiplies for one in layers}


def _fails(layer: str) -> str:
    return f"{layer} fails"


def _event(name: str, median: float, spread: Array) -> Event:
    low, high = (float(x) for x in np.clip(np.quantile(spread.astype(float), [0.05, 0.95]), 0, 1))
    median = min(max(median, 0.0), 1.0)
    return Event(name=name, low=min(low, median), high=max(high, median), median=median)
