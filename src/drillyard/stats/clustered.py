"""Bounds where observations come in clusters: several replies to one prompt are not several prompts.

Two cases. **No event at all**: whatever the correlation inside a cluster, a cluster of r replies without event happens
with probability E[(1 − P)^r], where P is the cluster's own rate. (1 − x)^r is convex, so for a given mean of P it is
largest when P is 0 or 1, where it is 1 − E[P]: the exact bound from the number of clusters holds always, and no smaller
one does. **Some events**: the correlation ρ can be estimated, and n observations are worth n / (1 + (m − 1)·ρ)
independent ones (Kish 1965), where m is the size of the cluster that an observation stands in, on average:
Σ size² / Σ size. Large clusters count for more in it than in the mean size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drillyard.records import Estimate
from drillyard.stats.binomial import upper_bound

__all__ = ["clustered_zero_bound", "effective_number", "intraclass"]


def clustered_zero_bound(clusters: int, confidence: float = 0.95) -> Estimate:
    """Return the upper bound of a rate when no reply in any of so many clusters showed the event.

    `n` is the number of clusters; the replies in each do not matter, because they may all be alike.
    """
    bound = upper_bound(0, clusters, confidence)
    return bound.model_copy(update={"method": f"zero of {clusters} clusters, {bound.method}"})


def effective_number(hits: Sequence[int], sizes: Sequence[int]) -> float:
    """Return how many independent observations say as much: all of them, or as few as n² / Σ size².

    The latter is the number of clusters where all have one size, and fewer where they do not.
    """
    n = sum(sizes)
    if not n:
        return 0.0
    typical = sum(size**2 for size in sizes) / n
    return n / (1 + (typical - 1) * min(1.0, max(0.0, intraclass(hits, sizes))))


def intraclass(hits: Sequence[int], sizes: Sequence[int]) -> float:
    """Return how alike the observations of a cluster are: the analysis-of-variance estimate of ρ.

    1 when clusters are all hits or all misses, about 0 when observations are independent; below 0 by chance. Where it
    cannot be told (fewer than two clusters, one observation each, no variation) it is 1, the cautious answer.
    Source: Ridout, Demétrio and Firth 1999, estimator ρ_AOV.
    """
    k, n = (np.array([pair[i] for pair in zip(hits, sizes, strict=True) if pair[1] > 0], float) for i in (0, 1))
    count, total = len(n), n.sum()
    if count < 2 or total == count or k.sum() in (0, total):
        return 1.0
    between = ((k**2 / n).sum() - k.sum() ** 2 / total) / (count - 1)
    within = (k - k**2 / n).sum() / (total - count)
    typical = (total - (n**2).sum() / total) / (count - 1)
    return float((between - within) / (between + (typical - 1) * within))
