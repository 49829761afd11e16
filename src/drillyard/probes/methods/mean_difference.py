"""Mean difference: the direction from the mean of one class to that of the other.

Marks and Tegmark 2023, arXiv 2310.06824. Without standardising, one large coordinate can hold half of the squared
length (47 % in SmolLM2's middle layers), so the audit reports both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drillyard.probes.base import LinearProbe, check_labels
from drillyard.probes.methods.scaling import Scaling

__all__ = ["fit_mean_difference"]


def fit_mean_difference(states: ArrayLike, labels: ArrayLike, *, standardise: bool = False) -> LinearProbe:
    """Return the probe, with a score of 0 half-way between the means. Raises `BadInput` as `check_labels`."""
    x, y = check_labels(states, labels)
    scaling = Scaling.of(x) if standardise else Scaling(mean=np.zeros(x.shape[1]), inverse=np.ones(x.shape[1]))
    z = scaling.apply(x)
    high, low = z[y].mean(0), z[~y].mean(0)
    return scaling.probe(high - low, float((low - high) @ (low + high) / 2))
