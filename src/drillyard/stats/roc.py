"""How well scores tell two classes apart: the area under the ROC curve, its interval, and two of them compared.

DeLong et al. 1988 by placement values; the interval is taken on the logit scale, as a normal one leaves [0, 1].
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtr, ndtri

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["auroc", "compare_aurocs", "delong"]

_EDGE = 0.5
"""What a perfect area is held off its end by, in rows of the smaller class: the logit of 1 is infinite."""


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the chance that a positive scores above a negative, ties counting half.

    Raises:
        BadInput: a class is missing, or a score is no number.
    """
    values, positive = _checked(scores, labels)
    ranks, count = _ranks(values), int(positive.sum())
    rest = len(values) - count
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * rest))


def delong(scores: ArrayLike, labels: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return the area with its interval; rows must be independent. Raises `BadInput` as `auroc`."""
    values, positive = _checked(scores, labels)
    up, down = _placements(values, positive)
    area, few = float(up.mean()), min(len(up), len(down))
    held = min(max(area, _EDGE / few), 1 - _EDGE / few)
    z = float(ndtri((1 + confidence) / 2))
    error = math.sqrt(max(_variance(up, down), 0.0))
    if error == 0:  # perfect order: as wide as that of the nearest area that is not
        error = math.sqrt(held * (1 - held) / few)
    reach = z * error / (held * (1 - held))
    low, high = expit(logit(held) - reach), expit(logit(held) + reach)
    return Estimate(
        value=area, low=min(float(low), area), high=max(float(high), area), n=len(values), method="DeLong, logit"
    )


def compare_aurocs(first: ArrayLike, second: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Return z and the two-sided p-value of the difference of two scores' areas on the same rows (DeLong)."""
    a, positive = _checked(first, labels)
    b, _ = _checked(second, labels)
    (up_a, down_a), (up_b, down_b) = _placements(a, positive), _placements(b, positive)
    variance = _variance(up_a - up_b, down_a - down_b)
    gap = float(up_a.mean() - up_b.mean())
    if variance <= 0:
        return (0.0, 1.0) if gap == 0 else (math.copysign(math.inf, gap), 0.0)
    z = gap / math.sqrt(variance)
    return z, float(2 * ndtr(-abs(z)))


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, positive = np.asarray(scores, np.float64), np.asarray(labels).astype(bool)
    if values.shape != positive.shape or values.ndim != 1:
        raise bad_input(f"{values.shape} scores for {positive.shape} labels", "one score per label")
    if not np.isfinite(values).all():
        raise bad_input("a score that is no finite number", "finite scores")
    if positive.all() or not positive.any():
        raise bad_input(f"{len(positive)} rows of one class", "rows of both classes")
    return values, positive


def _placements(
    values: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each positive the share of negatives below it, for each negative that of positives above it."""
    high, low = values[positive], values[~positive]
    ranks = _ranks(np.concatenate([high, low]))
    up = (ranks[: len(high)] - _ranks(high)) / len(low)
    down = 1 - (ranks[len(high) :] - _ranks(low)) / len(high)
    return up, down


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1, ties sharing their mean, as `scipy.stats.rankdata`, whose module takes 0.3 s to load."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    found: NDArray[np.float64] = (np.cumsum(count) - (count - 1) / 2)[place]
    return found


def _variance(up: NDArray[np.float64], down: NDArray[np.float64]) -> float:
    return sum(float(np.var(part, ddof=1)) / len(part) if len(part) > 1 else 0.25 for part in (up, down))
