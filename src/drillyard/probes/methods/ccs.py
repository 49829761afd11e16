"""CCS: a probe whose answers to a statement and its negation are consistent and confident.

Burns et al. 2022, arXiv 2212.03827: sides centred separately, p = sigmoid(w·x + b), and the mean of
(p0 + p1 − 1)² + min(p0, p1)². Several starts, the lowest loss wins; a penalty on the weights as in the original.

Does not cover: any feature that both sides disagree on satisfies the loss as well as truth does (Farquhar et al. 2023,
arXiv 2312.10029), and with more axes than statements a low loss is no evidence at all. The sign is free.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import expit

from drillyard.probes.base import Doubles, LinearProbe
from drillyard.probes.methods.pairs import check_pairs
from drillyard.probes.methods.scaling import compact

__all__ = ["fit_ccs"]

_PENALTY = 0.01
_TRIES = 10


def fit_ccs(pairs: ArrayLike, *, seed: int = 1, starts: Iterable[Doubles] = ()) -> LinearProbe:
    """Return the probe; `told` has its loss without the penalty.

    Args:
        pairs: as `check_pairs`; paraphrases are averaged.
        seed: decides the ten starts.
        starts: (width + 1,) starts in their place, bias last.

    Raises:
        BadInput: as `check_pairs`.
    """
    centroids = check_pairs(pairs).mean(1)
    means = centroids.mean(0)
    z, axes = compact(np.concatenate([centroids[:, 0] - means[0], centroids[:, 1] - means[1]]))
    negated, affirmed = z[: len(centroids)], z[len(centroids) :]
    rng, width = np.random.default_rng(seed), z.shape[1]
    begun = [np.append(axes @ one[:-1], one[-1]) for one in starts]
    begun = begun or list(rng.standard_normal((_TRIES, width + 1)) / np.sqrt(width))
    found = min((_descend(negated, affirmed, one) for one in begun), key=lambda one: float(one.fun))
    at = found.x
    loss = float(found.fun) - _PENALTY / 2 * float(at @ at)
    weights = at[:-1] @ axes
    return LinearProbe(weights=weights, bias=float(at[-1] - weights @ means.mean(0)), told={"loss": loss})


def _descend(negated: Doubles, affirmed: Doubles, start: Doubles) -> Any:
    rows = len(negated)

    def loss(at: Doubles) -> tuple[float, Doubles]:
        p0, p1 = (expit(side @ at[:-1] + at[-1]) for side in (negated, affirmed))
        gap, least = p0 + p1 - 1, np.minimum(p0, p1)
        value = (gap**2).mean() + (least**2).mean() + _PENALTY / 2 * (at @ at)
        pull0 = 2 * (gap + least * (p0 <= p1)) * p0 * (1 - p0) / rows
        pull1 = 2 * (gap + least * (p1 < p0)) * p1 * (1 - p1) / rows
        slope = np.append(negated.T @ pull0 + affirmed.T @ pull1, pull0.sum() + pull1.sum())
        return float(value), slope + _PENALTY * at

    options: Any = {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-10}
    return optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
