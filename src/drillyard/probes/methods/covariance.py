"""Covariances shrunk towards a multiple of the identity, by OAS (Chen et al. 2010, arXiv 0907.4698)."""

from __future__ import annotations

import numpy as np

from drillyard.probes.base import Doubles

__all__ = ["shrink"]


def shrink(covariance: Doubles, rows: int) -> tuple[Doubles, float]:
    """Return the shrunk covariance and by how much (0: not at all, 1: to a multiple of the identity)."""
    width, total = len(covariance), float(np.trace(covariance))
    squares = float((covariance**2).sum())
    apart = squares - total**2 / width
    share = ((1 - 2 / width) * squares + total**2) / ((rows + 1 - 2 / width) * apart) if apart > 0 else 1.0
    share = min(1.0, share)
    return (1 - share) * covariance + share * total / width * np.eye(width), share
