"""Points of which less is better in every direction: which ones nothing beats, and how much they leave behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["hypervolume", "pareto_front"]


def pareto_front(points: Sequence[Sequence[float]]) -> list[bool]:
    """Say of each point whether no other is at least as good everywhere and better somewhere; equal points all stay."""
    return [not any(_beats(other, one) for other in points) for one in points]


def hypervolume(
    first: ArrayLike, second: ArrayLike, reference: tuple[float, float] = (1.0, 1.0)
) -> NDArray[np.float64]:
    """Return the area between points and a reference that is worse than all: 1 is perfect in the unit square.

    Points that do not beat the reference in both directions add nothing. Source: Zitzler and Thiele 1998.

    Args:
        first: one coordinate of the points along the last axis; axes before it are computed side by side.
        second: the other coordinate, of the same shape.
        reference: the worst corner.

    Returns:
        The area, of the shape without the last axis.
    """
    x = np.minimum(np.asarray(first, dtype=float), reference[0])
    y = np.minimum(np.asarray(second, dtype=float), reference[1])
    order = np.argsort(x, axis=-1, kind="stable")
    x, y = (np.take_along_axis(part, order, axis=-1) for part in (x, y))
    until = np.concatenate([x[..., 1:], np.full((*x.shape[:-1], 1), reference[0])], axis=-1)[..., : x.shape[-1]]
    area: NDArray[np.float64] = ((until - x) * (reference[1] - np.minimum.accumulate(y, axis=-1))).sum(axis=-1)
    return area


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))
