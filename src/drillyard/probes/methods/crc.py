"""CRC-TPC: the direction along which a statement and its negation differ most, once each side is centred.

Burns et al. 2022, arXiv 2212.03827 (contrastive representation clustering, top principal component).

Does not cover: it finds the most prominent feature in which the sides differ, whatever that is. The sign is free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drillyard.probes.base import LinearProbe
from drillyard.probes.methods.pairs import check_pairs
from drillyard.probes.methods.scaling import compact

__all__ = ["fit_crc"]


def fit_crc(pairs: ArrayLike) -> LinearProbe:
    """Return the probe; `told` has the eigenvalue. Without centring it would return polarity. Raises `BadInput`."""
    centroids = check_pairs(pairs).mean(1)
    apart = centroids[:, 1] - centroids[:, 0]
    z, axes = compact(apart - apart.mean(0))
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    weights = vectors[:, -1] @ axes
    bias = float(-weights @ centroids.mean((0, 1)))
    return LinearProbe(weights=weights, bias=bias, told={"eigenvalue": float(values[-1])})
