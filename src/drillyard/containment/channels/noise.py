"""Noise before rounding: one law, for the gateway that adds it, the trial that reckons with it, and its capacity.

An answer at position x, in steps of its grid from 0, is shifted by noise that is uniform within ± `width` steps, and
rounded to the nearest point; what falls outside goes to the ends. So an answer on the grid becomes a neighbour with
probability `1 - 1 / (2 width)`, half of the time at width 1, and the mean is kept where twice the width is whole and
neither end is within width + 1/2. Noise of up to half a step would leave every answer on the grid as it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drillyard.errors import bad_input

__all__ = ["draw", "law", "turning_points", "width_of"]

Array = NDArray[np.float64]


def width_of(width: float) -> float:
    """Return a width that is one: 0 for no noise, or at least one step. Raises `BadInput`."""
    if not (width == 0 or 1 <= width < np.inf):
        raise bad_input(f"noise of {width:g} steps", "0, or at least 1: less leaves answers on the grid as they are")
    return width


def law(positions: ArrayLike, points: int, width: float) -> Array:
    """Return the probability of each grid point, shape (positions, points); nearest (ties to the even) at width 0."""
    x = np.atleast_1d(np.asarray(positions, dtype=float))
    if width == 0:
        return np.asarray(np.eye(points)[np.clip(np.rint(x), 0, points - 1).astype(int)], dtype=float)
    below = np.zeros((len(x), points + 1))
    below[:, 1:-1] = np.clip((np.arange(points - 1) + 0.5 - x[:, None] + width) / (2 * width), 0, 1)
    below[:, -1] = 1
    return np.asarray(np.diff(below, axis=1), dtype=float)


def draw(position: float, points: int, width: float, chance: float) -> int:
    """Return the grid point that an answer becomes when `chance` was drawn uniformly in [0, 1)."""
    sums = np.cumsum(law(position, points, width)[0])
    return min(points - 1, int(np.searchsorted(sums, chance * sums[-1], side="right")))


def turning_points(low: float, high: float, width: float) -> Array:
    """Return positions from low to high between which the law is a straight mixture of those at both ends.

    So a forecaster that may say anything in between loses nothing by saying these alone: mutual information is convex
    in the law. Without noise there is one for each point that can be reached.
    """
    if width == 0:
        cells = np.arange(np.rint(low), np.rint(high) + 1)
        return np.asarray(np.clip(cells, low, high), dtype=float)
    edges = np.arange(np.floor(low - width) - 1, np.ceil(high + width) + 2) + 0.5
    bends = np.concatenate([edges - width, edges + width])
    inside = bends[(bends > low) & (bends < high)]
    return np.unique(np.round(np.concatenate([[low, high], inside]), 12))
