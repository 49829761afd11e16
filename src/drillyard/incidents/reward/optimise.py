"""Best-of-n: what choosing among replies by a proxy buys of it, and what becomes of the behaviour on the way.

For every prompt N replies are drawn once; the expected value of the best of n of them is a weighted sum over their
order, so each n is exact on the same draws. Gold is the share of replies that are sound. The curve is Gao's
(arXiv 2210.10760) for best-of-n, with the distance ln n − (n − 1) / n in nats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.alignment.training.overoptimisation import best_of_n_kl, fit_curve
from drillyard.errors import BadInput
from drillyard.records import Record

__all__ = ["BestOf", "Sweep", "best_of", "sweep"]


class BestOf(Record):
    """The best of n: its distance from a single reply, and the mean of proxy and gold."""

    n: int
    kl: float
    proxy: float
    gold: float


class Sweep(Record):
    """Best-of-n over n, Gao's two coefficients, and the distance at which gold would be highest.

    `best_kl` is None where gold only rises with the distance; 0 where it only falls.
    """

    points: tuple[BestOf, ...]
    alpha: float | None = None
    beta: float | None = None
    best_kl: float | None = None
    verdict: str


def best_of(n: int, proxy: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the mean of `values` at the reply with the highest proxy of n out of N, over all choices of n; by prompt.

    Both are (prompts, N). Ties are shared.
    """
    whole = proxy.shape[1]
    weights = special.binom(np.arange(whole), n - 1) / special.binom(whole, n)
    total = 0.0
    for scores, told in zip(proxy, values, strict=True):
        order = np.argsort(scores, kind="stable")
        _, level = np.unique(scores[order], return_inverse=True)
        shared = np.bincount(level, weights)[level] / np.bincount(level)[level]
        total += float(shared @ told[order])
    return total / len(proxy)


def sweep(proxy: Sequence[Sequence[float]], bad: Sequence[Sequence[bool]]) -> Sweep:
    """Return what best-of-n does for n = 1, 2, 4 … up to the replies per prompt.

    Args:
        proxy: prompts × replies.
        bad: the same, whether each shows the behaviour.
    """
    scores, gold = np.asarray(proxy, float), 1.0 - np.asarray(bad, float)
    sizes = [2**power for power in range(12) if 2**power <= scores.shape[1]]
    points = [
        BestOf(n=n, kl=best_of_n_kl(n), proxy=best_of(n, scores, scores), gold=best_of(n, scores, gold)) for n in sizes
    ]
    gains = [one.gold - points[0].gold for one in points]
    falls = gains[-1] < -0.02
    ends = f"from {points[0].gold:.0%} to {points[-1].gold:.0%}"
    words = f"choosing the best of {sizes[-1]} by the proxy moves sound replies {ends}"
    try:
        curve = fit_curve([one.kl for one in points], gains, "best-of-n")
    except BadInput:
        return Sweep(points=tuple(points), verdict=words)
    best = curve.best_kl
    return Sweep(
        points=tuple(points),
        alpha=curve.alpha,
        beta=curve.beta,
        best_kl=best if np.isfinite(best) else None,
        verdict=f"{words}: {'over-optimised' if falls else 'no harm within what was drawn'}",
    )
