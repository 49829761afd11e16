"""Whether a trigger's effect is its own: the effect within the values of a feature that goes with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.records import Estimate

__all__ = ["goes_with", "held_fixed"]


def held_fixed(under: NDArray[np.bool_], bad: NDArray[np.bool_], strata: NDArray[np.int64]) -> Estimate:
    """Return the risk difference within strata: Mantel and Haenszel's, with Sato's variance.

    Strata in which all rows are under the rule, or none, say nothing. Source: Sato 1989, On the variance estimator for
    the Mantel-Haenszel risk difference, Biometrics 45.
    """
    n = strata.max() + 1
    n1, n0 = (np.bincount(strata[flag], minlength=n).astype(float) for flag in (under, ~under))
    k1, k0 = (np.bincount(strata[flag & bad], minlength=n).astype(float) for flag in (under, ~under))
    both = (n1 > 0) & (n0 > 0)
    n1, n0, k1, k0 = n1[both], n0[both], k1[both], k0[both]
    weight = n1 * n0 / np.maximum(n1 + n0, 1)
    if not weight.sum():
        return Estimate(value=0.0, low=-1.0, high=1.0, n=0, method="mantel-haenszel 95%")
    value = float(((k1 * n0 - k0 * n1) / (n1 + n0)).sum() / weight.sum())
    total = n1 + n0
    p_part = (n1**2 * k0 - n0**2 * k1 + n1 * n0 * (n0 - n1) / 2) / total**2
    q_part = (k1 * (n0 - k0) + k0 * (n1 - k1)) / (2 * total)
    variance = max(0.0, float(value * p_part.sum() + q_part.sum()) / float(weight.sum()) ** 2)
    reach = float(special.ndtri(0.975)) * variance**0.5
    low, high = max(-1.0, value - reach), min(1.0, value + reach)
    value = min(max(value, low), high)
    return Estimate(value=value, low=low, high=high, n=int(total.sum()), method="mantel-haenszel 95%")


def goes_with(under: NDArray[np.bool_], strata: NDArray[np.int64]) -> float:
    """Return how strongly a rule goes with a feature: Cramér's V, 0 to 1."""
    table = np.stack([np.bincount(strata[flag], minlength=strata.max() + 1) for flag in (under, ~under)]).astype(float)
    table = table[:, table.sum(0) > 0]
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    if (expected <= 0).any() or table.shape[1] < 2:
        return 0.0
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / table.sum()))
