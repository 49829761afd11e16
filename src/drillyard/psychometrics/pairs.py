"""The bets on pairs of one learner with the old form and one with the new: a grid of rates that could be true."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRID", "log_bets"]

GRID = tuple((old / 20, new / 20) for old in range(1, 20, 2) for new in range(old + 2, 20, 2))
"""Rates of old and new, in steps of a tenth, the new one higher: 45 bets. A finer grid shares the stake among more bets
and wins later."""


@functools.cache
def log_bets() -> NDArray[np.float64]:
    """Return the log of what each bet makes of its stake: (both right, old only, new only, neither) × bets."""
    old, new = np.array(GRID).T
    mean = (old + new) / 2
    right = np.log(old / mean), np.log(new / mean)
    wrong = np.log((1 - old) / (1 - mean)), np.log((1 - new) / (1 - mean))
    return np.stack([right[0] + right[1], right[0] + wrong[1], wrong[0] + right[1], wrong[0] + wrong[1]])
