"""Draws of all assumptions at once: random or Sobol points, medians, quiet values and hard ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.horizon.assumptions import Assumptions, Parameter, ends_of, quantile
from drillyard.errors import bad_input

__all__ = ["build_scenarios", "draw_independent", "ids_of", "place_points"]

Array = NDArray[np.float32]


def draw_independent(assumptions: Assumptions, draws: int, rng: np.random.Generator) -> dict[str, Array]:
    """Return independent draws, one array of shape (draws,) per parameter."""
    parameters = assumptions.parameters()
    return place_points(parameters, rng.random((len(parameters), draws)))


def place_points(parameters: Sequence[Parameter], points: NDArray[np.float64]) -> dict[str, Array]:
    """Return values at points of the unit cube, shape (parameters, draws)."""
    return {one.name: quantile(one, u).astype(np.float32) for one, u in zip(parameters, points, strict=True)}


def build_scenarios(
    assumptions: Assumptions, hard: Iterable[Sequence[str]], rest: str = "median", easy: bool = False
) -> dict[str, Array]:
    """Return one column per set of ids: those at their hard end (their easy one if `easy`), all others at rest.

    `rest` is `median` or `quiet` (the assumption does not hold). Raises `BadInput` at an unknown id.
    """
    wanted = [set(ids) for ids in hard]
    known = ids_of(assumptions)
    if strangers := sorted(set().union(*wanted) - set(known)):
        raise bad_input(f"assumptions {', '.join(strangers)}", f"some of {', '.join(known)}", "correct the id")
    values = {}
    for entry in assumptions.assumptions:
        for one in entry.parameters:
            end = ends_of(one)[0 if easy else 1]
            other = one.quiet if rest == "quiet" else float(quantile(one, np.array([0.5]))[0])
            values[one.name] = np.array([end if entry.id in ids else other for ids in wanted], np.float32)
    return values


def ids_of(assumptions: Assumptions) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the parameters by id of their assumption."""
    return {one.id: tuple(each.name for each in one.parameters) for one in assumptions.assumptions}
