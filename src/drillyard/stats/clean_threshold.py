"""A threshold that at most a share of clean rows exceeds, by the order of a sample, whatever their distribution.

The k-th smallest of n clean scores, k = ceil((n + 1)(1 - level)). The share of new clean rows above it is at most the
level on average, and over samples it is distributed as Beta(l, n + 1 - l), l = n + 1 - k (split conformal prediction;
Vovk 2012, arXiv 1209.2673).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from drillyard.errors import bad_input

__all__ = ["CleanThreshold", "clean_threshold"]


@dataclass(frozen=True, kw_only=True)
class CleanThreshold:
    """A threshold, from n rows, and the range that the share of clean rows above it has over samples.

    `low` and `high` are the 5 % and 95 % points; `level` is the mean at most.
    """

    value: float
    rank: int
    n: int
    level: float
    low: float
    high: float


def clean_threshold(scores: ArrayLike, level: float) -> CleanThreshold:
    """Return the threshold of a level, to be exceeded strictly.

    Raises:
        BadInput: a level that is none, a score that is no number, or too few rows; says how many it takes.
    """
    values = np.sort(np.asarray(scores, np.float64).ravel())
    if not 0 < level < 1:
        raise bad_input(f"a level of {level}", "a share between 0 and 1")
    if not np.isfinite(values).all():
        raise bad_input("a score that is no finite number", "finite scores")
    n = len(values)
    rank = math.ceil((n + 1) * (1 - level) - 1e-9)
    if rank > n:
        raise bad_input(f"{n} clean rows for a level of {level:g}", f"at least {math.ceil(1 / level - 1e-9) - 1}")
    left = n + 1 - rank
    low, high = beta.ppf((0.05, 0.95), left, n + 1 - left)
    return CleanThreshold(value=float(values[rank - 1]), rank=rank, n=n, level=level, low=float(low), high=float(high))
