"""VINC: a direction that varies between statements, not within paraphrases, and in opposite ways on the two sides.

EleutherAI 2023 (https://blog.eleuther.ai/vincs/): the eigenvector of the largest eigenvalue of
P (a C − b I − g X + s S) Pᵀ. C is the covariance of the centroids, averaged over the sides; I that within paraphrases;
X the cross-covariance of the two sides' centroids; S, with labels, the covariance of the class means (VINC-S). P erases
which side a state is on.

Does not cover: published as "largely unsuccessful" in finding truth. The sign is free without labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drillyard.probes.base import Doubles, LinearProbe
from drillyard.probes.methods.leace import erase, leace
from drillyard.probes.methods.pairs import check_pairs
from drillyard.probes.methods.scaling import compact

__all__ = ["fit_vinc"]


def fit_vinc(
    pairs: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    variance: float = 0.0,
    invariance: float = 0.5,
    negation: float = 0.5,
    supervision: float = 1.0,
) -> LinearProbe:
    """Return the probe; `told` has the eigenvalue. With one paraphrase nothing is within, and I is zero.

    Args:
        pairs: as `check_pairs`.
        labels: (statements,) whether the affirmed side is true, for VINC-S.
        variance: a, the weight of C.
        invariance: b, the weight of I.
        negation: g, the weight of X.
        supervision: s, the weight of S, where there are labels.

    Raises:
        BadInput: as `check_pairs`.
    """
    given = check_pairs(pairs)
    z, axes = compact(given.reshape(-1, given.shape[-1]))
    erased = leace(z, np.tile([0, 1], len(z) // 2), shrink=False)
    x = erase(z, erased).reshape(*given.shape[:3], -1)
    centroids = x.mean(1)
    centred = centroids - centroids.mean(0)
    rows = len(centred)
    between = (centred[:, 0].T @ centred[:, 0] + centred[:, 1].T @ centred[:, 1]) / (2 * rows)
    inside = (x - centroids[:, None]).reshape(-1, x.shape[-1])
    crossed = centred[:, 0].T @ centred[:, 1] / rows
    matrix = variance * between - invariance * inside.T @ inside / len(inside) - negation * (crossed + crossed.T) / 2
    if labels is not None:
        matrix = matrix + supervision * _class_spread(centroids, np.asarray(labels).astype(bool))
    values, vectors = np.linalg.eigh(matrix)
    top = vectors[:, -1]
    keep = top - erased["right"].T @ (erased["left"].T @ top)  # the probe reads erased states
    weights = keep @ axes
    return LinearProbe(
        weights=weights,
        bias=float(-weights @ given.mean((0, 1, 2))),
        told={"eigenvalue": float(values[-1])},
    )


def _class_spread(centroids: Doubles, true: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Doubles:
    """Return the covariance of the two means: of states that stand for the truth and of those that do not."""
    said = np.concatenate([centroids[true, 1], centroids[~true, 0]]).mean(0)
    denied = np.concatenate([centroids[true, 0], centroids[~true, 1]]).mean(0)
    half = (said - denied) / 2
    spread: Doubles = np.outer(half, half)
    return spread
