"""A linear regression with fixed effects and errors by cluster: what one thing adds to another, all else held.

Fixed effects are taken out by subtracting each group's mean (Frisch, Waugh and Lovell), so a million users cost no
more than their rows. Errors are CR1: clusters may be as different as they like, and rows within one as alike.
Source: Cameron and Miller 2015, A practitioner's guide to cluster-robust inference.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["price_of"]

Array = NDArray[np.float64]


def price_of(
    outcome: Array, flag: Array, controls: Array, groups: NDArray[np.int64], clusters: NDArray[np.int64],
    confidence: float = 0.95,
) -> tuple[Estimate, float]:  # fmt: skip
    """Return the coefficient of a flag with its interval, and its two-sided p-value.

    Args:
        outcome: (n,), what is paid.
        flag: (n,), the behaviour.
        controls: (n, k), held fixed; columns that others explain are left out.
        groups: (n,), fixed effects by number, such as the user.
        clusters: (n,), rows that are not independent, such as those of one user.
        confidence: of the interval.

    Raises:
        BadInput: fewer than two clusters, or a flag that the controls leave nothing of.
    """
    count, absorbed = len(np.unique(clusters)), len(np.unique(groups))
    if count < 2:
        raise bad_input(f"{count} users or sessions", "at least 2, to know how they differ")
    columns = np.column_stack([flag, controls])
    inside = _within(columns, groups)
    if not np.abs(inside[:, 0]).max() > 1e-9:
        raise bad_input("a behaviour that does not vary within users", "users with replies of both kinds")
    y = _within(outcome[:, None], groups)[:, 0]
    kept = _independent(inside)
    x = inside[:, kept]
    if 0 not in kept:
        raise bad_input("a behaviour that length and topic explain wholly", "replies alike but for the behaviour")
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ (x.T @ y)
    residual = y - x @ beta
    scores = np.zeros((int(clusters.max()) + 1, x.shape[1]))
    np.add.at(scores, clusters, x * residual[:, None])
    n, k = len(y), x.shape[1] + absorbed
    scale = count / (count - 1) * (n - 1) / max(n - k, 1)
    variance = scale * bread @ (scores.T @ scores) @ bread
    error = math.sqrt(max(float(variance[0, 0]), 0.0))
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    p = float(2 * stats.t.sf(abs(beta[0]) / error, count - 1)) if error > 0 else 1.0
    value = float(beta[0])
    method = f"fixed effects, {count} clusters {100 * confidence:g}%"
    return Estimate(value=value, low=value - reach, high=value + reach, n=n, method=method), p


def _within(columns: Array, groups: NDArray[np.int64]) -> Array:
    """Subtract from each row its group's mean."""
    counts = np.bincount(groups).astype(float)
    means = np.stack([np.bincount(groups, one) for one in columns.T], axis=1) / np.maximum(counts, 1)[:, None]
    return np.asarray(columns - means[groups], float)


def _independent(x: Array) -> list[int]:
    """Return columns of which none is a sum of those before it, by Gram and Schmidt."""
    kept: list[int] = []
    basis: list[Array] = []
    for at, column in enumerate(x.T):
        rest = column - sum((one @ column) * one for one in basis) if basis else column.copy()
        length = float(np.sqrt(rest @ rest))
        if length > 1e-8 * max(1.0, float(np.sqrt(column @ column))):
            kept.append(at)
            basis.append(rest / length)
    return kept
