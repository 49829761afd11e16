"""The mean of numbers between 0 and 1, whatever their distribution: Hoeffding's interval with the relative entropy.

The chance that the mean of n such numbers lies at or beyond x, when the true mean is m, is at most exp(−n · KL(x, m))
(Hoeffding 1963, theorem 1, first inequality). Near 0 and 1 that is far sharper than his second one, with the square,
and than `bounded_mean`, which is sharper in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["rare_mean"]

_NEAR_0, _NEAR_1 = 1e-300, 1 - 1e-16  # beyond these an end is 0 or 1


def rare_mean(values: Sequence[float] | NDArray[np.float64], confidence: float = 0.95) -> Estimate:
    """Return the mean with a two-sided interval that holds its confidence for every distribution on 0 … 1.

    Wider than an exact interval of a share, because it need not be one. Without a value: the whole range.

    Raises:
        BadInput: a value outside 0 … 1, or a confidence outside 0.5 to below 1.
    """
    numbers = np.asarray(values, float)
    if ((numbers < 0) | (numbers > 1)).any() or not 0.5 <= confidence < 1:
        raise bad_input(
            "values outside 0 … 1, or such a confidence", "numbers from 0 to 1, a confidence from 0.5 to below 1"
        )
    n, method = len(numbers), f"hoeffding, relative entropy {100 * confidence:g}%"
    if n == 0:
        return Estimate(value=0.5, low=0.0, high=1.0, n=0, method=method)
    mean = float(numbers.mean())
    limit = math.log(2 / (1 - confidence)) / n

    def beyond(m: float) -> float:
        return float(special.rel_entr(mean, m) + special.rel_entr(1 - mean, 1 - m)) - limit

    low = 0.0 if mean <= 0 or beyond(_NEAR_0) <= 0 else float(optimize.brentq(beyond, _NEAR_0, mean))
    high = 1.0 if mean >= 1 or beyond(_NEAR_1) <= 0 else float(optimize.brentq(beyond, mean, _NEAR_1))
    return Estimate(value=mean, low=min(low, mean), high=max(high, mean), n=n, method=method)
