"""The hazard of one year after another: attack times uncaught times decisive, steering, a vulnerable world, theft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from drillyard.containment.horizon.layers import Layer, bits_left
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.horizon.works import decay, product, quorum_passes, static_work, uncaught

__all__ = ["CHANNELS", "MOST_SKILL", "Array", "Chances", "Year", "chances_in", "walk"]

CHANNELS = ("attack", "steering", "world")
MOST_SKILL = 25.0
"""Log of the skill at which growth stops, beyond all that `ceiling` searches: keeps numbers finite."""

_PARTS = ("queries", "steering", "attempts", "decisive")
_MOVING = {"racing", "dependence", "drift", "record"}

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Year:
    """One year: hazards behind the layers and without any, by channel; and who is left at its end.

    `alive` is the chance of no event so far, `stolen` its part in which the weights run without layers.
    """

    number: int
    hazards: tuple[Array, Array, Array]
    bare: tuple[Array, Array, Array]
    alive: Array
    stolen: Array


@dataclass(frozen=True, kw_only=True)
class Chances:
    """Chances in one year: goals, ways to win behind layers and without any, and that each layer lets pass."""

    harmful_goal: Array
    act_wins: Array
    bits_win: Array
    bits_win_bare: Array
    steered: Array
    asked: Array
    stolen: Array
    passes: Mapping[str, Array]


def walk(values: Mapping[str, Array], layers: Sequence[Layer], setting: HorizonSetting, years: int) -> Iterator[Year]:
    """Go through the years for many draws at once.

    `values` holds one array of shape (draws,) per parameter. Nothing is random here: jumps are spread over upgrades by
    their phase. The attacker tries once a year whatever the odds, so that no deterrence is credited.
    """
    x, size = values, values["theft"].size
    bits = setting.answer_bits * bits_left(layers)
    works = _still_works(layers, bits, x)
    steer, world = _steered(setting, x), _asked(setting, x)
    other, other_bare = _other_wins(bits, setting, x), _other_wins(setting.answer_bits, setting, x)
    readers = np.full(size, setting.readers, np.float32)
    free, stolen = np.ones(size, np.float32), np.zeros(size, np.float32)
    eroded, grows, spreads = np.ones(size, np.float32), np.exp(x["erosion"]), np.exp(x["adoption"])
    kept = _kept(x)
    left = {name: np.ones(size, np.float32) for name in kept}
    act = free
    moving = [one for one in layers if one.multiplies != "bits" and (one.monitor or set(one.weakened_by) & _MOVING)]
    fixed = {one.name: 1 - works[one.name] for one in layers if one not in moving}
    lasting = {
        kind: product([fixed[one.name] for one in layers if one.multiplies == kind and one.name in fixed])
        for kind in _PARTS
    }
    by_kind = {kind: [one.name for one in moving if one.multiplies == kind] for kind in _PARTS}
    catching = [one.name for one in layers if one.multiplies == "uncaught"]
    for year in range(years):
        since = year % setting.upgrade_years
        if since == 0:
            skill = _skill(year, setting, x)
            act = _act_wins(skill, setting, x)
            works |= {one.name: _catches(one, skill, x) for one in layers if one.monitor}
        passes = fixed | {one.name: 1 - _today(one, works[one.name], left, since) for one in moving}
        part = {kind: product([lasting[kind], *(passes[name] for name in names)]) for kind, names in by_kind.items()}
        miss = uncaught([passes[name] for name in catching], x["common_cause"])
        wins, wins_bare = 1 - (1 - act) * (1 - other), 1 - (1 - act) * (1 - other_bare)
        now = steer * np.minimum(readers, 1)
        bare = (np.minimum(x["harmful_goals"] * wins_bare * eroded, 1), now, world)
        attack = x["harmful_goals"] * part["attempts"] * miss * wins * part["decisive"]
        behind = (
            np.minimum(attack * part["queries"] * eroded, 1),
            now * part["steering"] * part["queries"],
            world * part["queries"],
        )
        stolen = (stolen + free * x["theft"]) * _none(bare)
        free = free * (1 - x["theft"]) * _none(behind)
        yield Year(number=year + 1, hazards=behind, bare=bare, alive=free + stolen, stolen=stolen)
        eroded, readers = eroded * grows, readers * spreads
        left = {name: left[name] * kept[name] for name in kept}


def chances_in(values: Mapping[str, Array], layers: Sequence[Layer], setting: HorizonSetting, year: int = 0) -> Chances:
    """Return the chances of which the hazard of a year is made (0: the first), one array of shape (draws,) each."""
    x, bits, since = values, setting.answer_bits * bits_left(layers), year % setting.upgrade_years
    skill = _skill(year - since, setting, x)
    works = _still_works(layers, bits, x) | {one.name: _catches(one, skill, x) for one in layers if one.monitor}
    left = {name: kept ** np.float32(year) for name, kept in _kept(x).items()}
    readers = np.minimum(np.float32(setting.readers) * np.exp(x["adoption"] * np.float32(year)), 1)
    return Chances(
        harmful_goal=x["harmful_goals"],
        act_wins=_act_wins(skill, setting, x),
        bits_win=_other_wins(bits, setting, x),
        bits_win_bare=_other_wins(setting.answer_bits, setting, x),
        steered=_steered(setting, x) * readers,
        asked=_asked(setting, x),
        stolen=x["theft"],
        passes={one.name: 1 - _today(one, works[one.name], left, since) for one in layers if one.multiplies != "bits"},
    )


def _kept(x: Mapping[str, Array]) -> dict[str, Array]:
    """Return what one year leaves of layers that racing, dependence and drift weaken."""
    return {"racing": 1 - x["racing"], "dependence": decay(x["dependence"]), "drift": decay(x["drift"])}


def _still_works(layers: Sequence[Layer], bits: float, x: Mapping[str, Array]) -> dict[str, Array]:
    """Return how much of each layer but the monitors works, whatever the skill."""
    works = {one.name: static_work(one, x) for one in layers if not one.monitor and not one.quorum}
    return works | {one.name: 1 - quorum_passes(one.quorum, bits, x) for one in layers if one.quorum}


def _steered(setting: HorizonSetting, x: Mapping[str, Array]) -> Array:
    """Return the yearly chance of harm when all are steered; half the slope bounds the gap of a Brier score."""
    return np.asarray(np.minimum(x["slope"] / 2, 1) * np.float32(setting.steering_harm))


def _asked(setting: HorizonSetting, x: Mapping[str, Array]) -> Array:
    """Return the yearly chance that a question is asked whose answer is dangerous whatever the goals."""
    return np.asarray(np.minimum(x["vulnerable"] * np.float32(setting.questions / 1000), 1))


def _today(layer: Layer, work: Array, left: Mapping[str, Array], since: int) -> Array:
    """Return how much of a layer works this year, after what years and upgrades took."""
    for name in layer.weakened_by:
        if name in left:
            work = work * left[name]
        elif name == "record":
            work = work * np.float32(since / (since + 1))
    return work


def _skill(year: int, setting: HorizonSetting, x: Mapping[str, Array]) -> Array:
    if setting.held_skill is not None:
        return np.full(x["growth"].shape, setting.held_skill, np.float32)
    jumps = np.floor(x["jump"] * np.float32(year // setting.upgrade_years) + x["jump_phase"])
    skill = np.float32(setting.start_skill) + x["growth"] * np.float32(year) + jumps * np.float32(setting.jump_size)
    most = MOST_SKILL if setting.skill_ceiling is None else setting.skill_ceiling
    return np.asarray(np.minimum(skill, np.float32(max(most, setting.start_skill))))


def _act_wins(skill: Array, setting: HorizonSetting, x: Mapping[str, Array]) -> Array:
    odds = np.exp(skill * np.float32(setting.reach)) * x["one_act_win"]
    return np.asarray(odds / (odds + 1 - x["one_act_win"]))


def _other_wins(bits: float, setting: HorizonSetting, x: Mapping[str, Array]) -> Array:
    """Return the chance to win in a year by a covert payload, or by talking people into it."""
    covert = np.float32(setting.covert_share * bits * setting.questions)
    odds = (
        np.float32(setting.convincing / max(1 - setting.convincing, 1e-9)) * np.float32(max(bits, 1)) ** x["persuasion"]
    )
    return np.asarray(1 - np.exp(-covert / x["needed_bits"]) / (1 + odds))


def _catches(layer: Layer, skill: Array, x: Mapping[str, Array]) -> Array:
    """Return the share of attacks that a monitor catches; the Gaussian's integral by Page 1977, error below 2e-4."""
    monitor = layer.monitor
    assert monitor is not None
    separation = np.maximum(np.float32(monitor.separation) - x["kappa"] * skill, 0)
    at = separation + np.float32(ndtri(monitor.budget))
    caught = 1 / (1 + np.exp(-at * (np.float32(1.5976) + np.float32(0.070565992) * at * at)))
    return np.asarray(caught**monitor.tries * static_work(layer, x), np.float32)


def _none(hazards: tuple[Array, Array, Array]) -> Array:
    return (1 - hazards[0]) * (1 - hazards[1]) * (1 - hazards[2])
