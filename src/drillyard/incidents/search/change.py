"""When a rate changed: the likeliest single change point of yes-or-no rows in the order of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.incidents.search.shuffle import Shuffler
from drillyard.incidents.search.subgroups import evidence
from drillyard.incidents.sliced import Change
from drillyard.stats import wilson

__all__ = ["change_statistic", "find_change"]

_MOST = 50_000


def change_statistic(bad: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for every split behind a bin, the log-likelihood ratio of two rates against one; (bins − 1,).

    Args:
        bad: (bins,) counts of bad rows; with one row a bin, 0 and 1.
        rows: (bins,) counts of rows.
    """
    k, n = np.cumsum(bad)[:-1], np.cumsum(rows)[:-1]
    return evidence(k, n, bad.sum(), rows.sum())


def find_change(
    ts: NDArray[np.float64],
    bad: NDArray[np.bool_],
    sessions: NDArray[np.int64],
    deployed: Sequence[tuple[float, str]],
    *,
    shuffles: int = 200,
    seed: int = 1,
) -> Change | None:
    """Return the likeliest change, None where no two times differ or all rows are alike.

    Its p-value is the share of shuffles of whole sessions whose greatest statistic reaches it.

    Args:
        ts: (N,) times; any order.
        bad: (N,) flags.
        sessions: (N,) numbers of sessions.
        deployed: times of deployments with their names, rising.
        shuffles: how often labels are shuffled.
        seed: of the shuffles.
    """
    order = np.lexsort((ts, sessions))
    first = np.full(sessions.max() + 1, np.inf)
    np.minimum.at(first, sessions, ts)
    order = order[np.argsort(first[sessions[order]], kind="stable")]  # sessions in the order of their first turn, whole
    ts, bad, sessions = ts[order], bad[order], sessions[order]
    if len(ts) < 2 or bad.all() or not bad.any():
        return None
    _, places = np.unique(sessions, return_index=True)
    starts = np.sort(places)
    bins = starts[:: max(1, len(starts) // _MOST)]
    if len(bins) < 2:
        return None
    rows = np.diff(np.append(bins, len(ts))).astype(np.float64)
    statistic = change_statistic(np.add.reduceat(bad, bins, dtype=np.float64), rows)
    at = int(np.argmax(statistic))
    shuffler = Shuffler(np.cumsum(np.isin(np.arange(len(ts)), starts)), bad, seed)
    reached = 0
    for _ in range(shuffles):
        placed = np.searchsorted(bins, shuffler.draw(), side="right") - 1
        counts = np.bincount(placed, minlength=len(bins)).astype(np.float64)
        reached += change_statistic(counts, rows).max() >= statistic[at]
    posterior = np.exp(statistic - special.logsumexp(statistic))
    times = ts[bins[1:]]
    places = np.searchsorted(np.cumsum(posterior), (0.025, 0.975)).clip(max=len(times) - 1)
    low, high = float(times[places[0]]), float(times[places[1]])
    cut = bins[at + 1]
    share = _shares(times, posterior, deployed)
    best = max(share, key=lambda name: share[name], default="")
    near = [name for time, name in deployed if low - 86_400 <= time <= high + 86_400 and name != best]
    return Change(
        after=float(ts[cut]),
        low=low,
        high=high,
        before_rate=wilson(int(bad[:cut].sum()), int(cut)),
        after_rate=wilson(int(bad[cut:].sum()), len(bad) - int(cut)),
        statistic=float(statistic[at]),
        p=(reached + 1) / (shuffles + 1),
        release=best,
        release_share=min(1.0, share.get(best, 0.0)),
        others=tuple(near),
    )


def _shares(
    times: NDArray[np.float64], posterior: NDArray[np.float64], deployed: Sequence[tuple[float, str]]
) -> dict[str, float]:
    """Give the posterior of every split to the deployment nearest to it in time."""
    if not deployed:
        return {}
    known = np.array([time for time, _ in deployed])
    nearest = np.searchsorted((known[1:] + known[:-1]) / 2, times)
    share: dict[str, float] = {}
    for place, weight in enumerate(np.bincount(nearest, weights=posterior, minlength=len(known))):
        name = deployed[place][1]
        share[name] = share.get(name, 0.0) + float(weight)
    return share
