"""Linear discriminant analysis: the pooled within-class covariance, inverted, on the difference of the means."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drillyard.probes.base import LinearProbe, check_labels
from drillyard.probes.methods.covariance import shrink

__all__ = ["fit_lda"]


def fit_lda(states: ArrayLike, labels: ArrayLike, *, shrunk: bool = True) -> LinearProbe:
    """Return the probe. `told` has the squared distance of the means and how far the covariance was shrunk.

    Args:
        states: (rows, width).
        labels: (rows,) 0 or 1.
        shrunk: whether to shrink the covariance by OAS; without, it is inverted on the axes it has.

    Raises:
        BadInput: as `check_labels`.
    """
    x, y = check_labels(states, labels)
    high, low = x[y].mean(0), x[~y].mean(0)
    apart = x - np.where(y[:, None], high, low)
    within, share = apart.T @ apart / len(x), 0.0
    if shrunk:
        within, share = shrink(within, len(x))
    weights = np.linalg.pinv(within, hermitian=True) @ (high - low)
    distance = float((high - low) @ weights)
    return LinearProbe(
        weights=weights, bias=float(-weights @ (high + low) / 2), told={"distance2": distance, "shrunk": share}
    )
