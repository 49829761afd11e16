"""Channel capacity by Blahut–Arimoto, and rounding, dither and the median of k as channels.

Sources: Arimoto 1972 and Blahut 1972. A channel is a matrix of shape (inputs, outputs) whose rows sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from drillyard.containment.channels.noise import law, turning_points, width_of
from drillyard.errors import bad_input

__all__ = [
    "Use",
    "bound_capacities",
    "capacity",
    "erasing",
    "flipping",
    "median_of",
    "releasing",
    "telling",
    "z_channel",
]

Array = NDArray[np.float64]

_BATCH, _PADDED = 128, 3
"""Channels that are computed side by side: at most so many, the largest so many times as large as the smallest."""


def capacity(channel: ArrayLike, tolerance: float = 1e-9, rounds: int = 20_000) -> tuple[float, Array]:
    """Return the capacity in bits per use, and the input distribution, shape (inputs,), that reaches it.

    Stops when the upper and lower bounds of Arimoto are within `tolerance` bits, and returns the upper one: the number
    bounds a leak, also where `rounds` end first.

    Raises:
        BadInput: rows that are no distributions.
    """
    rows = _checked(channel)
    p = np.full(len(rows), 1 / len(rows))
    upper = np.log2(len(rows))
    logs = np.log2(rows, where=rows > 0, out=np.zeros_like(rows))
    own = (rows * logs).sum(axis=1)
    for _ in range(rounds):
        out = p @ rows
        apart = own - rows @ np.log2(out, where=out > 0, out=np.zeros_like(out))
        upper, lower = min(upper, float(apart.max())), float(np.log2(p @ np.exp2(apart)))
        if upper - lower < tolerance:
            break
        p = p * np.exp2(apart - apart.max())
        p /= p.sum()
    return max(0.0, upper), p


class Use(NamedTuple):
    """A channel with the place of an input that may be used seldom: at most `most` of the time. -1: none such."""

    channel: Array
    seldom: int = -1
    most: float = 1.0


def bound_capacities(uses: Sequence[Use], tolerance: float = 2e-3, rounds: int = 400) -> Array:
    """Return upper bounds of many channels' capacities in bits, shape (uses,), computed side by side.

    Each lies within `tolerance` of what the best inputs carry, unless `rounds` end first; a seldom input is held to its
    share in every round, which is Arimoto's step under that limit.
    """
    found = np.zeros(len(uses))
    order = sorted(range(len(uses)), key=lambda n: uses[n].channel.size)
    while order:
        most = _PADDED * uses[order[0]].channel.size
        some = [n for n in order[:_BATCH] if uses[n].channel.size <= most]
        found[some] = _side_by_side([uses[n] for n in some], tolerance, rounds)
        order = order[len(some) :]
    return found


def _side_by_side(uses: Sequence[Use], tolerance: float, rounds: int) -> Array:
    rows, there, seldom, most = _padded(uses)
    logs = np.log2(rows, where=rows > 0, out=np.zeros_like(rows))
    own = np.where(there, (rows * logs).sum(axis=2), -np.inf)
    p = _held(there / there.sum(axis=1, keepdims=True), seldom, most)
    upper = np.full(len(uses), np.inf)
    for _ in range(rounds):
        out = (p[:, None, :] @ rows)[:, 0]
        logs = np.log2(out, where=out > 0, out=np.zeros_like(out))
        apart = own - (rows @ logs[:, :, None])[:, :, 0]
        plain = np.where(seldom, -np.inf, apart).max(axis=1)
        quiet = np.where(seldom, apart, -np.inf).max(axis=1)
        bound = np.where(quiet > plain, most * np.where(np.isfinite(quiet), quiet, 0) + (1 - most) * plain, plain)
        upper = np.minimum(upper, bound)
        carried = np.where(there, p * np.where(there, apart, 0), 0).sum(axis=1)
        if (upper - carried < tolerance).all():
            break
        p = p * np.exp2(apart - apart.max(axis=1, keepdims=True))
        p = _held(p / p.sum(axis=1, keepdims=True), seldom, most)
    return np.asarray(np.maximum(0.0, upper), dtype=float)


def _held(p: Array, seldom: NDArray[np.bool_], most: Array) -> Array:
    """Return input shares in which seldom ones are held to the most, and the others share the rest as before."""
    held = np.where(seldom, p, 0).sum(axis=1)
    over = (held > most)[:, None]
    scale = np.where(
        seldom, (most / np.maximum(held, 1e-300))[:, None], ((1 - most) / np.maximum(1 - held, 1e-300))[:, None]
    )
    return np.asarray(np.where(over, p * scale, p), dtype=float)


def _padded(uses: Sequence[Use]) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_], Array]:
    """Return channels in one array, which inputs there are, which are seldom ones, and how often those may be used."""
    inputs, outputs = (max(one.channel.shape[axis] for one in uses) for axis in (0, 1))
    rows = np.zeros((len(uses), inputs, outputs))
    there, seldom = np.zeros((len(uses), inputs), bool), np.zeros((len(uses), inputs), bool)
    for n, one in enumerate(uses):
        many, wide = one.channel.shape
        rows[n, :many, :wide] = one.channel
        there[n, :many] = True
        if one.seldom >= 0 and many > 1:
            seldom[n, one.seldom] = True
    return rows, there, seldom, np.array([one.most for one in uses])


def flipping(error: float) -> Array:
    """Return the binary symmetric channel: capacity 1 − H2(error)."""
    return _checked([[1 - error, error], [error, 1 - error]])


def erasing(lost: float) -> Array:
    """Return the binary erasure channel: capacity 1 − lost. Refused or withheld answers act so."""
    return _checked([[1 - lost, lost, 0], [0, lost, 1 - lost]])


def z_channel(error: float) -> Array:
    """Return the Z channel, where only a 1 may flip: capacity log2(1 + (1 − e) e^(e / (1 − e)))."""
    return _checked([[1.0, 0.0], [error, 1 - error]])


def releasing(fine: int, coarse: int, width: float = 0.0) -> Array:
    """Return the channel from a grid of `fine` reports to one of `coarse`, by the canonicaliser's law.

    Noise is uniform within ± `width` steps of the coarse grid (0, or at least 1); then the nearest point is taken.
    """
    _grids(fine, coarse)
    return law(np.arange(fine) * (coarse - 1) / (fine - 1), coarse, width_of(width))


def telling(points: int, width: float = 0.0) -> Array:
    """Return the channel to a grid from the reports that tell most: any other, on the grid or off it, is a mixture."""
    _grids(points, points)
    return law(turning_points(0, points - 1, width_of(width)), points, width)


def median_of(channel: ArrayLike, honest: ArrayLike, k: int) -> Array:
    """Return the channel of the median of k answers of which one is steered, the others honest and independent.

    `channel` takes the steered oracle's symbol to its answer, `honest`, shape (outputs,), is the distribution of every
    other answer. With the others fixed the median moves only between their two middle answers.

    Raises:
        BadInput: an even k, or distributions of different length.
    """
    rows, others = _checked(channel), _checked(np.asarray(honest, dtype=float)[None, :])[0]
    if k < 1 or k % 2 == 0 or len(others) != rows.shape[1]:
        raise bad_input(
            f"k = {k} with {len(others)} honest values", f"an odd k and {rows.shape[1]} honest values", "try 3"
        )
    half = (k - 1) // 2  # the median is at most x when half + 1 of the k answers are
    below = np.clip(np.cumsum(others), 0, 1)

    def at_least(count: int) -> Array:
        return np.ones_like(below) if count <= 0 else np.asarray(special.betainc(count, k - count, below), dtype=float)

    with_us = at_least(half) if k > 1 else np.ones_like(below)
    without = at_least(half + 1) if k > 1 else np.zeros_like(below)
    ours = np.cumsum(rows, axis=1)
    total = ours * with_us + (1 - ours) * without
    return _checked(np.maximum(np.diff(total, axis=1, prepend=0.0), 0.0))


def _grids(*sizes: int) -> None:
    if min(sizes) < 2:
        raise bad_input(f"a grid of {min(sizes)}", "two or more points")


def _checked(channel: ArrayLike) -> Array:
    rows = np.asarray(channel, dtype=float)
    if rows.ndim != 2 or not rows.size or rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1, atol=1e-9):
        raise bad_input("a matrix whose rows are no distributions", "rows of 0 or more that sum to 1")
    return rows
