"""Quantilizers: draw from the best share of usual acts instead of taking the best, which bounds every hidden cost.

Source: Taylor 2015. Does not cover a base distribution that is itself unsafe.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import ndtri

from drillyard.containment.games.checks import check_share
from drillyard.errors import bad_input

__all__ = ["best_quantile", "cost_ratio", "quantilize", "quantilized_utility"]


def quantilize(base: ArrayLike, proxy: ArrayLike, q: float) -> NDArray[np.float64]:
    """Return the distribution over acts: the share q of the base with the highest proxy, scaled to one.

    The act at the edge is taken in part; among equals the first come first.
    """
    weights, score = np.asarray(base, dtype=float), np.asarray(proxy, dtype=float)
    if weights.shape != score.shape or weights.ndim != 1 or weights.min() < 0 or abs(weights.sum() - 1) > 1e-6:
        raise bad_input("such a base", "shares that sum to 1, one per proxy", "give one share per act")
    _open_share("q", q)
    order = np.argsort(-score, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    taken = np.zeros_like(weights)
    taken[order] = np.clip(q - before, 0, weights[order]) / q
    drawn: NDArray[np.float64] = taken / taken.sum()
    return drawn


def cost_ratio(base: ArrayLike, proxy: ArrayLike, cost: ArrayLike, q: float) -> float:
    """Return expected cost of the quantilizer over that of the base; never above 1/q for costs from 0 on."""
    price = np.asarray(cost, dtype=float)
    usual = float(np.dot(base, price))
    if price.min() < 0 or usual <= 0:
        raise bad_input("such costs", "numbers from 0 on, not all 0 under the base", "shift them")
    return float(quantilize(base, proxy, q) @ price) / usual


def quantilized_utility(q: float, correlation: float, exploits: float, harm: float) -> float:
    """Return true utility when a share of acts fools the proxy.

    Ordinary acts have true utility N(0, 1) that the proxy sees with a correlation; exploits have the highest proxy of
    all and cost `harm`. Below a share `exploits` only those are drawn: hard optimisation is the worst.
    """
    _open_share("q", q)
    check_share("correlation", correlation)
    fooled = check_share("exploits", exploits) / q
    if fooled >= 1:
        return -harm
    top = (q - exploits) / (1 - exploits)
    z = float(ndtri(1 - top))
    mean = math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / top if top < 1 else 0.0
    return (1 - fooled) * correlation * mean - fooled * harm


def best_quantile(correlation: float, exploits: float, harm: float) -> float:
    """Return the q with the highest true utility; above the share of exploits, so never the maximiser."""
    least = math.log(max(check_share("exploits", exploits), 1e-12))
    found = minimize_scalar(
        lambda x: -quantilized_utility(math.exp(x), correlation, exploits, harm), bounds=(least, 0.0), method="bounded"
    )
    return float(math.exp(found.x))


def _open_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise bad_input(f"{name} = {value!r}", "a share above 0 and up to 1", f"give another {name}")
