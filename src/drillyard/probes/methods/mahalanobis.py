"""Mahalanobis distance from trusted rows: an anomaly score that takes no labels.

Lee et al. 2018, arXiv 1807.03888; as an anomaly detector for quirky models, Mallen et al. 2023, arXiv 2312.01037.

Does not cover: new topics, which look anomalous too. Run it on the clean twin before you believe it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drillyard.errors import bad_input
from drillyard.probes.base import DistanceProbe, check_states
from drillyard.probes.methods.covariance import shrink

__all__ = ["fit_mahalanobis"]


def fit_mahalanobis(trusted: ArrayLike, *, shrunk: bool = True) -> DistanceProbe:
    """Return the probe of (rows, width) trusted states; covariance with denominator n - 1, shrunk by OAS.

    Raises:
        BadInput: fewer than two rows; without shrinking, fewer rows than axes and one more.
    """
    x = check_states(trusted)
    least = 2 if shrunk else x.shape[1] + 1
    if len(x) < least:
        raise bad_input(f"{len(x)} trusted rows of width {x.shape[1]}", f"at least {least}")
    covariance = np.cov(x, rowvar=False).reshape(x.shape[1], -1)
    if shrunk:
        covariance, _ = shrink(covariance, len(x))
    precision = np.asarray(np.linalg.pinv(covariance, hermitian=True), np.float64)
    return DistanceProbe(mean=x.mean(0), precision=precision)
