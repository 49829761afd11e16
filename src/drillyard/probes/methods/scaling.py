"""Centring and scaling by training rows, and rows in few coordinates where there are more axes than rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drillyard.probes.base import Doubles, LinearProbe

__all__ = ["Scaling", "compact"]

_CONSTANT = 1e-12
"""Spread, beside the largest, below which a feature is taken for constant and gets no weight."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """Mean and spread of each feature; a constant feature is scaled to nothing."""

    mean: Doubles
    inverse: Doubles

    @classmethod
    def of(cls, x: Doubles) -> Scaling:
        """Measure (rows, width) training rows; spreads have the population's denominator."""
        spread = x.std(0)
        kept = spread > _CONSTANT * max(float(spread.max(initial=0)), 1e-300)
        return cls(mean=x.mean(0), inverse=np.where(kept, 1 / np.where(kept, spread, 1), 0.0))

    def apply(self, x: Doubles) -> Doubles:
        """Return rows in standard units."""
        scaled: Doubles = (x - self.mean) * self.inverse
        return scaled

    def probe(self, weights: Doubles, bias: float, **told: float) -> LinearProbe:
        """Return the probe on plain rows that these weights are on scaled ones."""
        plain = weights * self.inverse
        return LinearProbe(weights=plain, bias=float(bias - plain @ self.mean), told=told)


def compact(x: Doubles) -> tuple[Doubles, Doubles]:
    """Return rows (rows, r) in r ≤ min(rows, width) coordinates, and the axes (r, width) that lead back: x = z @ axes.

    Any fit that penalises the length of its weights has its weights in the span of the rows, so nothing is lost.
    """
    rows, width = x.shape
    if width <= rows:
        return x, np.eye(width)
    values, left = np.linalg.eigh(x @ x.T)
    kept = values > 1e-10 * max(float(values[-1]), 1e-300)
    roots = np.sqrt(values[kept])
    return left[:, kept] * roots, (left[:, kept] / roots).T @ x
