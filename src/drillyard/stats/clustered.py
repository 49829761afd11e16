"""Bounds where observations come in clusters: several replies to one prompt are not several prompts.

Two cases. **No event at all**: whatever the correlation inside a cluster, a cluster of r replies without event happens
with probability E[(1 − P)^r], where P is the cluster's own rate. (1 − x)^r is convex, so for a given mean of P it is
largest when P is 0 or 1, where it is 1 − E[P]: the exact bound from the number of clusters holds always, and no smaller
one does. **Some events**: the correlation can be estimated, and the exact interval is taken at the effective number
n / (1 + (size − 1)·ρ) (Kish 1965; Korn and Graubard 1998), never more than n, never fewer than the clusters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drillyard.errors import bad_input
from drillyard.records import Estimate
from drillyard.stats.binomial import exact_limits, upper_bound

__all__ = ["clustered_share", "clustered_zero_bound", "effective_number", "intraclass"]


def clustered_zero_bound(clusters: int, confidence: float = 0.95) -> Estimate:
    """Return the upper bound of a rate when no reply in any of so many clusters showed the event.

    `n` is the number of clusters; the replies in each do not matter, because they may all be alike.
    """
    bound = upper_bound(0, clusters, confidence)
    return bound.model_copy(update={"method": f"zero of {clusters} clusters, {bound.method}"})


def clustered_share(hits: Sequence[int], sizes: Sequence[int], confidence: float = 0.95) -> Estimate:
    """Return the share of all observations that are hits, with an interval that knows of the clusters.

    Args:
        hits: events per cluster.
        sizes: observations per cluster, as many entries; clusters without observation are left out.
        confidence: of the two-sided interval; with no hit at all the whole doubt is on the upper side.

    Raises:
        BadInput: lists of different length, or more hits than observations in a cluster.
    """
    if len(hits) != len(sizes) or any(not 0 <= k <= n for k, n in zip(hits, sizes, strict=True)):
        raise bad_input("hits and sizes that do not match", "as many sizes as hits, 0 ≤ hits ≤ size in each cluster")
    clusters = sum(size > 0 for size in sizes)
    k, n = sum(hits), sum(sizes)
    if k == 0:
        return clustered_zero_bound(clusters, confidence)
    effective = effective_number(hits, sizes)
    low, high = exact_limits(k / n * effective, effective, confidence)
    share = k / n
    method = f"clopper-pearson {100 * confidence:g}%, {clusters} clusters, effective n {effective:.0f}"
    return Estimate(value=share, low=min(low, share), high=max(high, share), n=n, method=method)


def effective_number(hits: Sequence[int], sizes: Sequence[int]) -> float:
    """Return how many independent observations say as much: from the number of clusters to that of observations."""
    clusters, n = sum(size > 0 for size in sizes), sum(sizes)
    if not clusters:
        return 0.0
    effect = 1 + (n / clusters - 1) * max(0.0, intraclass(hits, sizes))
    return min(float(n), max(float(clusters), n / effect))


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
