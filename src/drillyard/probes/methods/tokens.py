"""From the scores of a reply's tokens to one score of the reply.

The largest score of many tokens grows with their number, so a threshold must come from whole replies.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from drillyard.errors import bad_input

__all__ = ["AGGREGATIONS", "Aggregation", "aggregate"]

Aggregation = Literal["last", "mean", "max", "rolling-max", "ema"]
AGGREGATIONS: tuple[Aggregation, ...] = ("last", "mean", "max", "rolling-max", "ema")


def aggregate(scores: ArrayLike, how: Aggregation, *, window: int = 8, decay: float = 0.9) -> float:
    """Return one score of (tokens,) scores.

    Args:
        scores: of the tokens, in order.
        how: the last, the mean, the largest, the largest mean of `window` neighbours, or the largest value of an
            exponential moving average with this `decay`.
        window: neighbours; of a shorter reply all tokens.
        decay: how much of the average is kept at each token.

    Raises:
        BadInput: no token, or an unknown way.
    """
    values = np.asarray(scores, np.float64).ravel()
    if not len(values):
        raise bad_input("a reply without tokens", "at least one")
    if how == "last":
        return float(values[-1])
    if how == "mean":
        return float(values.mean())
    if how == "max":
        return float(values.max())
    if how == "rolling-max":
        width = min(window, len(values))
        sums = np.cumsum(np.append(0.0, values))
        return float((sums[width:] - sums[:-width]).max() / width)
    if how == "ema":
        best = held = float(values[0])
        for value in values[1:]:
            held = decay * held + (1 - decay) * float(value)
            best = max(best, held)
        return best
    raise bad_input(f"the aggregation {how!r}", f"one of: {', '.join(AGGREGATIONS)}")
