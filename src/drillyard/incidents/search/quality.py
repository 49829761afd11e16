"""How good a rule is, and the best that any refinement of it could be.

Both measures are convex in the counts, rise with the bad rows and fall with the others, so that a rule's refinements
are at most as good as one that keeps all its bad rows and nothing else (the optimistic estimate; Wrobel 1997,
Grosskreutz et al. 2008).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["Measure", "optimistic", "quality"]

Measure = Literal["evidence", "wracc"]
"""`wracc`: (n / N)(p − p0), what subgroup discovery calls weighted relative accuracy. `evidence`: the log-likelihood
ratio of two rates, one under the rule and one elsewhere, against one rate for all; 0 where the rule's is lower. It is
what identifies a cause best where there is one, and the default."""


def quality(measure: Measure, bad: ArrayLike, rows: ArrayLike, positives: int, total: int) -> NDArray[np.float64]:
    """Return the quality of rules with `bad` of `rows`, where there are `positives` of `total` in all."""
    k, n = np.asarray(bad, np.float64), np.asarray(rows, np.float64)
    p0 = positives / total
    if measure == "wracc":
        return (k - n * p0) / total
    out_k, out_n = positives - k, total - n
    ratio = _fit(k, n) + _fit(out_k, out_n) - _fit(np.float64(positives), np.float64(total))
    return np.where(k * total > n * positives, np.maximum(ratio, 0.0), 0.0)


def optimistic(measure: Measure, bad: ArrayLike, positives: int, total: int) -> NDArray[np.float64]:
    """Return the most that a refinement of rules with so many bad rows could reach."""
    return quality(measure, bad, bad, positives, total)


def _fit(k: Any, n: Any) -> NDArray[np.float64]:
    """Return the log-likelihood of k in n at their own rate; numbers or arrays."""
    found: NDArray[np.float64] = special.xlogy(k, k) + special.xlogy(n - k, n - k) - special.xlogy(n, n)
    return found
