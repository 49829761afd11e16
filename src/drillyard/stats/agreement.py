"""Agreement of two scorers on levels: Cohen's kappa with quadratic weights (Cohen 1968, Psychological Bulletin 70)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["weighted_kappa"]


def weighted_kappa(one: Sequence[int], other: Sequence[int], levels: int) -> float:
    """Return 1 − Σ w·observed / Σ w·expected with w = (i − j)², from 1 (they agree) over 0 (chance) downwards.

    Args:
        one: levels from 0 to `levels` − 1 that the first scorer gave.
        other: what the second gave to the same, in the same order.
        levels: how many there are.

    Where both gave everything one and the same level, chance agrees as well, and they are said to agree: 1.
    """
    observed = np.zeros((levels, levels))
    np.add.at(observed, (np.asarray(one, int), np.asarray(other, int)), 1)
    expected = np.outer(observed.sum(1), observed.sum(0)) / max(1, len(one))
    place = np.arange(levels)
    weights = (place[:, None] - place[None, :]) ** 2
    chance = float((weights * expected).sum())
    return 1.0 - float((weights * observed).sum()) / chance if chance else 1.0
