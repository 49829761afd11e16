"""Items by counting: how much of them is solved, how far they go with all others, how far the whole holds together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.psychometrics.responses import Responses
from drillyard.records import Estimate

__all__ = ["alpha", "correlation", "item_rest", "persons_for_correlation"]

Floats = NDArray[np.float64]


def item_rest(responses: Responses, item: int) -> Estimate:
    """Return the correlation of an item with the mean share of all others that a person was asked.

    Unknown (−1 to 1) below four persons, or where either does not vary.
    """
    shares = responses.shares()
    others = np.delete(shares, item, axis=1)
    counted = ~np.isnan(shares[:, item]) & (~np.isnan(others)).any(axis=1)
    if not counted.any():
        return correlation(np.zeros(0), np.zeros(0))
    return correlation(shares[counted, item], np.nanmean(others[counted], axis=1))


def correlation(x: Floats, y: Floats, confidence: float = 0.95) -> Estimate:
    """Return Pearson's r with Fisher's interval."""
    n, method = len(x), f"fisher z {100 * confidence:g}%"
    if n < 4 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return Estimate(value=0.0, low=-1.0, high=1.0, n=n, method="unknown: too few, or nothing varies")
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -0.999999, 0.999999))
    off = float(special.ndtri((1 + confidence) / 2)) / math.sqrt(n - 3)
    low, high = math.tanh(math.atanh(r) - off), math.tanh(math.atanh(r) + off)
    return Estimate(value=r, low=min(low, r), high=max(high, r), n=n, method=method)


def persons_for_correlation(r: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return how many persons it takes to tell a correlation of r from none, two-sided, by Fisher's z.

    0.2 takes 194.
    """
    z = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    return math.ceil((z / math.atanh(min(abs(r), 0.999))) ** 2 + 3)


def alpha(responses: Responses) -> float | None:
    """Return Cronbach's alpha (KR-20 where items have one step), of persons who answered everything.

    None below two such persons or items, or where totals do not vary.
    """
    whole = responses.scores[responses.asked.all(axis=1)]
    if len(whole) < 2 or whole.shape[1] < 2 or not (total := float(whole.sum(axis=1).var(ddof=1))):
        return None
    count = whole.shape[1]
    return float(count / (count - 1) * (1 - float(whole.var(axis=0, ddof=1).sum()) / total))
