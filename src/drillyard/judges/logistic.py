"""Logistic regression with a ridge on sparse rows: what the trained judge and the rails are fitted with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special

__all__ = ["logistic"]

_RIDGE = 1e-4  # on standardised length-1 rows; tried 1e-3 (misses more) and 1e-5 (no better)


def logistic(rows: sparse.csr_matrix, signs: NDArray[np.float64]) -> NDArray[np.float32]:
    """Fit weights and intercept by L-BFGS; both sides weigh the same, however many there are of each.

    Args:
        rows: (n, width), each row of length 1.
        signs: (n,), +1 or -1; both must occur.

    Returns:
        (width + 1,), the last number the intercept.
    """
    share = np.where(signs > 0, 0.5 / (signs > 0).sum(), 0.5 / (signs < 0).sum())

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = signs * (rows @ weights[:-1] + weights[-1])
        pull = -signs * share * special.expit(-margin)
        gradient = np.append(rows.T @ pull + 2 * _RIDGE * weights[:-1], pull.sum())
        return float(share @ np.logaddexp(0, -margin) + _RIDGE * weights[:-1] @ weights[:-1]), gradient

    found = optimize.minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights: NDArray[np.float32] = found.x.astype(np.float32)
    return weights
