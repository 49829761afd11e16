"""Assumptions A1 to A17 as data: statements, ranges, evidence, falsifiers; a user's own file overrides by id."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import Annotated, Literal, Self

import numpy as np
from annotated_types import MinLen
from numpy.typing import NDArray
from pydantic import model_validator
from scipy.special import betaincinv

from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml_record

__all__ = [
    "RANGES",
    "Assumption",
    "AssumptionChange",
    "Assumptions",
    "Parameter",
    "ParameterChange",
    "change_assumptions",
    "default_assumptions",
    "ends_of",
    "quantile",
]

RANGES = "The ranges are ours and unverified."

Array = NDArray[np.float64]


def _triangular(u: Array, low: float, mode: float, high: float) -> Array:
    width, turn = high - low, (mode - low) / (high - low)
    left = low + np.sqrt(u * width * (mode - low))
    return np.asarray(np.where(u < turn, left, high - np.sqrt((1 - u) * width * (high - mode))), float)


_QUANTILES: Mapping[str, tuple[int, Callable[..., Array]]] = {
    "uniform": (2, lambda u, low, high: low + u * (high - low)),
    "loguniform": (2, lambda u, low, high: low * np.exp(u * np.log(high / low))),
    "beta": (2, lambda u, a, b: np.asarray(betaincinv(a, b, u), float)),
    "triangular": (3, _triangular),
    "point": (1, lambda u, value: np.full_like(u, value)),
}


class Parameter(Record):
    """One number of the model: its distribution, which end is the hard one, and its value when nothing of it holds.

    `values` are low and high (uniform, loguniform), a and b (beta), low, mode and high (triangular), the value
    (point), or equally likely values (choice). Values outside what the model can use are refused.
    """

    name: str
    distribution: str
    values: Annotated[tuple[float, ...], MinLen(1)]
    hard: Literal["high", "low"] = "high"
    quiet: float
    least: float = 0.0
    most: float | None = 1.0


class Assumption(Record):
    """One assumption: what it says, its numbers, what speaks for it, what it stresses, what would falsify it.

    `plain` says it to whoever knows no model, with its ranges by name of the parameter in braces (`{theft:%}`).
    """

    id: str
    name: str
    statement: str
    plain: str = ""
    parameters: Annotated[tuple[Parameter, ...], MinLen(1)]
    evidence: str
    stresses: str
    falsifier: str
    source: str

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for one in self.parameters:
            if problem := _problem(one):
                raise ValueError(f"{self.id} {one.name}: {problem}")
        return self


class Assumptions(Record):
    """All assumptions, each id once, each parameter once."""

    assumptions: Annotated[tuple[Assumption, ...], MinLen(1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        for names in ([one.id for one in self.assumptions], [one.name for one in self.parameters()]):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"each name once, not twice {', '.join(twice)}")
        return self

    def parameters(self) -> list[Parameter]:
        """Return every parameter in the order of the assumptions."""
        return [one for each in self.assumptions for one in each.parameters]


class ParameterChange(Record):
    """A parameter as a user changes it: what is left out stays."""

    name: str
    distribution: str
    values: Annotated[tuple[float, ...], MinLen(1)]


class AssumptionChange(Record):
    """An assumption as a user changes it: by id; what is left out stays. `by` says who claims the new ranges."""

    id: str
    by: str = ""
    parameters: tuple[ParameterChange, ...] = ()
    statement: str | None = None
    evidence: str | None = None
    falsifier: str | None = None
    source: str | None = None


@functools.cache
def default_assumptions() -> Assumptions:
    """Return A1 to A17 with our ranges, which are unverified."""
    folder = resources.files("drillyard.containment.horizon") / "data"
    return read_yaml_record(folder / "assumptions.yaml", Assumptions)


def change_assumptions(changes: Iterable[AssumptionChange], base: Assumptions | None = None) -> Assumptions:
    """Return assumptions with some entries changed. Raises `BadInput` at unknown ids, parameters and ranges."""
    base = base or default_assumptions()
    known = {one.id: one for one in base.assumptions}
    for change in changes:
        if change.id not in known:
            raise bad_input(f"assumption {change.id!r}", f"one of {', '.join(known)}", "correct the id")
        known[change.id] = _merged(known[change.id], change)
    return Assumptions(assumptions=tuple(known.values()))


def quantile(parameter: Parameter, u: Array) -> Array:
    """Return the values of a parameter at the quantiles `u` (any shape, 0 to 1)."""
    if parameter.distribution == "choice":
        values = np.sort(np.array(parameter.values))
        return np.asarray(values[np.minimum((u * len(values)).astype(int), len(values) - 1)], float)
    return np.asarray(_QUANTILES[parameter.distribution][1](u, *parameter.values), float)


def ends_of(parameter: Parameter) -> tuple[float, float]:
    """Return the easy and the hard end. A beta, which may have neither, ends at 0.1 % and 99.9 %."""
    tail = 1e-3 if parameter.distribution == "beta" else 0.0
    low, high = (float(x) for x in quantile(parameter, np.array([tail, 1 - tail])))
    return (low, high) if parameter.hard == "high" else (high, low)


def _merged(old: Assumption, change: AssumptionChange) -> Assumption:
    parameters = {one.name: one for one in old.parameters}
    for one in change.parameters:
        if one.name not in parameters:
            raise bad_input(f"{old.id} {one.name!r}", f"one of {', '.join(parameters)}", "correct the parameter's name")
        update = {"distribution": one.distribution, "values": one.values}
        parameters[one.name] = new = parameters[one.name].model_copy(update=update)
        if problem := _problem(new):
            raise bad_input(f"{old.id} {one.name} {one.distribution} {list(one.values)}", problem, "correct that entry")
    told = {key: value for key in ("statement", "evidence", "falsifier", "source") if (value := getattr(change, key))}
    return old.model_copy(update={"parameters": tuple(parameters.values()), **told})


def _problem(one: Parameter) -> str:
    """Return what a distribution should have been, or nothing."""
    name, values = one.distribution, one.values
    if name not in (*_QUANTILES, "choice"):
        return f"a distribution among {', '.join((*_QUANTILES, 'choice'))}, not {name!r}"
    if name != "choice" and len(values) != _QUANTILES[name][0]:
        return f"{_QUANTILES[name][0]} values for {name}, not {len(values)}"
    if name == "beta":
        return "" if min(values) > 0 else "a beta with both values above 0"
    if name != "choice" and list(values) != sorted(values):
        return f"a range from low to high, not {list(values)} (reversed)"
    if name in ("uniform", "loguniform", "triangular") and values[0] == values[-1]:
        return "two different ends, or a point"
    if name == "loguniform" and values[0] <= 0:
        return "ends above 0 for loguniform"
    if min(values) < one.least or (one.most is not None and max(values) > one.most):
        return f"values from {one.least:g} to {'any' if one.most is None else format(one.most, 'g')}"
    return ""
