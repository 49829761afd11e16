"""What it is worth to know more before deciding: perfect information, one input, and the next evaluation.

A decision is the option with the highest expected value. Knowing more is worth what better decisions gain on average.
Conditional means are regressions of each option's value on what would be seen (Strong, Oakley and Brennan 2014, 2015).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from drillyard.assurance.loss.severity import Array

__all__ = ["given", "value_of_all", "value_of_input", "value_of_sample", "variance_share"]

_DEGREE = 4
"""Of the polynomial in a normal score; on linear problems with known answers 2 to 6 agree within a standard error."""


def value_of_all(options: Array) -> float:
    """Return the expected value of perfect information, of (options, draws) values."""
    return float(options.max(0).mean() - options.mean(1).max())


def value_of_input(options: Array, seen: Array) -> float:
    """Return what it is worth to know one input, whose draws are `seen`, before one decides."""
    return max(float(given(options, seen).max(0).mean() - options.mean(1).max()), 0.0)


def given(options: Array, seen: Array) -> Array:
    """Return the conditional means of (options, draws) values, given what is seen in each draw."""
    if np.ptp(seen) == 0:
        return np.repeat(options.mean(1, keepdims=True), options.shape[1], 1)
    _, place, count = np.unique(seen, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2  # equal ones share the middle of their ranks
    score = special.ndtri(ranks[place] / (seen.size + 1))
    basis = np.polynomial.hermite_e.hermevander(score, _DEGREE)
    # the value itself as well: losses are linear in rates, which a score that ends is not
    basis = np.column_stack([basis, (seen - seen.mean()) / seen.std()])
    fitted = np.linalg.lstsq(basis, options.T, rcond=None)[0]
    return np.asarray((basis @ fitted).T)


def variance_share(values: Array, seen: Array) -> float:
    """Return the share of the variance of values that one input explains by itself (Sobol's first index)."""
    spread, n, terms = float(values.var()), values.size, _DEGREE + 1
    if not spread:
        return 0.0
    share = float(given(values[None], seen)[0].var() / spread)
    return max(1 - (1 - share) * (n - 1) / (n - terms - 1), 0.0)  # what chance alone would explain is taken off


def value_of_sample(options: Array, share: Array, queries: int, seed: int) -> float:
    """Return the expected value of asking so many queries more about a share, whose draws are given.

    Args:
        options: (options, draws) values.
        share: (draws,) of the chance that one query counts.
        queries: to be asked.
        seed: of what they might show.

    Never more than to know the share itself, of which a sample is a noisy sight; regressions can differ by more.
    """
    hits = np.random.default_rng(seed).binomial(queries, np.clip(share, 0, 1)).astype(float)
    return min(value_of_input(options, hits), value_of_input(options, share))
