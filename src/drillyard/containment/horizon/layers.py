"""Layers of containment as data: what each multiplies, what it costs, and which assumptions weaken it."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from importlib import resources
from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import model_validator
from scipy.special import ndtr, ndtri

from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml_record

__all__ = [
    "MECHANISMS",
    "Layer",
    "Layers",
    "Monitor",
    "Part",
    "Quorum",
    "bits_left",
    "default_layers",
    "layers_named",
    "strengthen",
]

Share = Annotated[float, Ge(0), Le(1)]
Part = Literal["queries", "bits", "steering", "attempts", "uncaught", "decisive"]
"""What a layer multiplies: dangerous questions answered, bits per answer, steering, attempts, misses, decisiveness."""

# Way in which a layer is weakened -> the assumption whose numbers say how much. The model holds the formulas.
MECHANISMS = {
    "treachery": "A3",
    "resistance": "A2",
    "collusion": "A11",
    "unrecognised": "A8",
    "racing": "A10",
    "dependence": "A15",
    "drift": "A16",
    "record": "A17",
}


class Monitor(Record):
    """A Gaussian monitor (d' at the start skill) that audits a share of honest work; its d' falls with skill (A5).

    `tries`: attacks that the attacker scores in a copy of the monitor before it sends the least suspicious one.
    """

    separation: Annotated[float, Ge(0)]
    budget: Annotated[float, Gt(0), Lt(1)]
    tries: Annotated[int, Ge(1), Le(1000)] = 1


class Quorum(Record):
    """Release by `needed` of `reviewers`, each wrong with chance `error` before persuasion (A6) and shopping (A9)."""

    needed: Annotated[int, Ge(1), Le(50)]
    reviewers: Annotated[int, Ge(1), Le(50)]
    error: Annotated[float, Gt(0), Lt(1)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.needed > self.reviewers:
            raise ValueError(f"needed from 1 to {self.reviewers} reviewers, not {self.needed}")
        return self


class Layer(Record):
    """One layer: the part that it multiplies by `factor` when all goes well, and what weakens it.

    A monitor or a quorum computes its factor; any other layer states one, above 0, for none is perfect. `useful` is the
    share of usefulness that is left; `hours` are staff hours per 1,000 questions, `money` a year comes on top of them.
    `by` says whose claim the factor is, `measured` what measured it. Costs and factors are ours (unverified).
    """

    name: Annotated[str, MinLen(1)]
    words: str = ""
    multiplies: Part
    factor: Annotated[float, Gt(0), Le(1)] | None = None
    monitor: Monitor | None = None
    quorum: Quorum | None = None
    weakened_by: tuple[str, ...] = ()
    useful: Share = 1.0
    hours: Annotated[float, Ge(0)] = 0.0
    money: Annotated[float, Ge(0)] = 0.0
    by: str = ""
    measured: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if strangers := [one for one in self.weakened_by if one not in MECHANISMS]:
            raise ValueError(f"{self.name}: weakened_by among {', '.join(MECHANISMS)}, not {', '.join(strangers)}")
        if (self.monitor or self.quorum) and self.multiplies != "uncaught":
            raise ValueError(f"{self.name}: a monitor or a quorum multiplies uncaught, not {self.multiplies}")
        if sum(one is not None for one in (self.factor, self.monitor, self.quorum)) != 1:
            raise ValueError(f"{self.name}: one of factor (above 0, up to 1), monitor and quorum")
        if self.multiplies == "bits" and self.weakened_by:
            raise ValueError(f"{self.name}: a factor on bits that nothing weakens")
        return self

    def touched_by(self) -> tuple[str, ...]:
        """Return the ids of the assumptions that weaken this layer itself."""
        own = [MECHANISMS[one] for one in self.weakened_by]
        own += ["A5"] * bool(self.monitor) + ["A6", "A9"] * bool(self.quorum)
        own += ["A4"] * (self.multiplies == "bits") + ["A14"] * (self.multiplies == "uncaught")
        return tuple(dict.fromkeys(own))


class Layers(Record):
    """Layers, each name once."""

    layers: tuple[Layer, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [one.name for one in self.layers]
        if len(set(names)) != len(names):
            raise ValueError(f"each name once, not {', '.join(names)}")
        return self


@functools.cache
def default_layers() -> tuple[Layer, ...]:
    """Return our thirteen layers."""
    folder = resources.files("drillyard.containment.horizon") / "data"
    return read_yaml_record(folder / "layers.yaml", Layers).layers


def strengthen(layer: Layer, times: float) -> Layer:
    """Return a layer that lets pass a `times`-th part of what it does; below 1 it is weaker, never worse than none.

    Of a monitor the odds that it misses an attack at its audit share are divided, of a quorum the error of each
    reviewer. What a layer leaves of the bits is counted and stays.
    """
    if layer.multiplies == "bits":
        return layer
    if layer.monitor:
        caught = ndtr(layer.monitor.separation + ndtri(layer.monitor.budget))
        odds = times * caught / max(1 - caught, 1e-12)
        separation = max(float(ndtri(odds / (1 + odds)) - ndtri(layer.monitor.budget)), 0.0)
        return layer.model_copy(update={"monitor": layer.monitor.model_copy(update={"separation": separation})})
    if layer.quorum:
        error = min(layer.quorum.error / times, 0.999)
        return layer.model_copy(update={"quorum": layer.quorum.model_copy(update={"error": error})})
    return layer.model_copy(update={"factor": min((layer.factor or 1.0) / times, 1.0)})


def bits_left(layers: Sequence[Layer]) -> float:
    """Return the share of the bits of a free answer that these layers leave."""
    return math.prod(one.factor or 1.0 for one in layers if one.multiplies == "bits")


def layers_named(names: Sequence[str]) -> tuple[Layer, ...]:
    """Return some of our layers. Raises `BadInput` at a name that is none."""
    known = {one.name: one for one in default_layers()}
    if strangers := [name for name in names if name not in known]:
        raise bad_input(f"layers {', '.join(strangers)}", f"some of {', '.join(known)}", "correct the name")
    return tuple(known[name] for name in dict.fromkeys(names))
