"""Scenarios whose years go together: a Gaussian copula between their losses, by simulation.

Each scenario keeps its exact distribution of a year; only which years meet is drawn (Sklar 1959). Unlike a shock, which
all rates share, it says for a pair how far bad years meet. It has no tail dependence: below a correlation of one, the
worst years of two scenarios hardly ever meet, and where one cause may bring both down, that cause is a scenario.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from drillyard.assurance.loss.compound import LossGrid
from drillyard.assurance.loss.severity import Array
from drillyard.errors import bad_input

__all__ = ["add_dependent", "root_of"]


def root_of(correlations: Array) -> Array:
    """Return R with R R' the given correlations. Raises `BadInput` where no losses can be correlated like that."""
    values, vectors = np.linalg.eigh(correlations)
    if values.min() < -1e-9:
        what = "correlations that contradict each other"
        raise bad_input(what, "ones that can hold together", "bring them nearer to 0")
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def add_dependent(parts: Sequence[LossGrid], root: Array, years: int, seed: Sequence[int]) -> LossGrid:
    """Return the distribution of the sum of losses with a Gaussian copula, over so many simulated years.

    Args:
        parts: a year of each scenario, all on one grid.
        root: (scenarios, scenarios), as of `root_of`.
        years: to simulate.
        seed: of them.
    """
    met = special.ndtr(root @ np.random.default_rng(list(seed)).standard_normal((len(parts), years)))
    points, step = parts[0].mass.size, parts[0].step
    place, mean = np.zeros(years, int), 0.0
    for part, u in zip(parts, met, strict=True):
        at = np.searchsorted(part.cumulative, u)
        # what lies on the grid counts as it was drawn, what lies beyond as it is known: no noise of means in a TVaR
        mean += part.mean - step * float(part.mass @ np.arange(points)) + step * float(at[at < points].sum()) / years
        place += at
    mass = np.bincount(place[place < points], minlength=points) / years
    return LossGrid(step=step, mass=mass, mean=mean)
