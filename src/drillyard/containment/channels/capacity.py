"""Channel capacity by Blahut–Arimoto, and rounding, dither and the median of k as channels.

Sources: Arimoto 1972 and Blahut 1972. A channel is a matrix of shape (inputs, outputs) whose rows sum to 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from drillyard.errors import bad_input

__all__ = ["capacity", "dithering", "erasing", "flipping", "median_of", "rounding", "z_channel"]

Array = NDArray[np.float64]


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


def flipping(error: float) -> Array:
    """Return the binary symmetric channel: capacity 1 − H2(error)."""
    return _checked([[1 - error, error], [error, 1 - error]])


def erasing(lost: float) -> Array:
    """Return the binary erasure channel: capacity 1 − lost. Refused or withheld answers act so."""
    return _checked([[1 - lost, lost, 0], [0, lost, 1 - lost]])


def z_channel(error: float) -> Array:
    """Return the Z channel, where only a 1 may flip: capacity log2(1 + (1 − e) e^(e / (1 − e)))."""
    return _checked([[1.0, 0.0], [error, 1 - error]])


def rounding(fine: int, coarse: int) -> Array:
    """Return the channel from a grid of `fine` reports to the nearest of `coarse` reports (ties to the even one)."""
    _grids(fine, coarse)
    target = np.rint(np.arange(fine) * (coarse - 1) / (fine - 1)).astype(int)
    return np.asarray(np.eye(coarse)[target], dtype=float)


def dithering(points: int, width: float) -> Array:
    """Return a grid of reports with normal noise of standard deviation `width` (in units of probability) added.

    The noisy report is rounded to the grid again; what falls outside goes to the ends.
    """
    _grids(points, points)
    if width < 0:
        raise bad_input(f"the width {width:g}", "0 or more")
    if width == 0:
        return np.eye(points)
    grid = np.linspace(0, 1, points)
    edges = np.concatenate([[-np.inf], (grid[1:] + grid[:-1]) / 2, [np.inf]])
    below = special.ndtr((edges[None, :] - grid[:, None]) / width)
    return np.asarray(np.diff(below, axis=1), dtype=float)


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
