"""The arrays that the reference values of the probes' methods were computed on, by a generator anybody can write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["contrast_pairs", "generator", "labelled", "normals"]


def generator(seed: int) -> Iterator[float]:
    """Yield uniform numbers of the Lehmer generator 48271 s mod (2^31 − 1)."""
    while True:
        seed = 48271 * seed % (2**31 - 1)
        yield seed / (2**31 - 1)


def normals(source: Iterator[float], *shape: int) -> NDArray[Any]:
    """Return standard normals, filled row by row."""
    return ndtri(np.array([next(source) for _ in range(int(np.prod(shape)))])).reshape(shape)


def contrast_pairs(distractor: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return pairs (60, 3, 2, 8), the truths and a distractor that both sides of a pair differ in as well."""
    source = generator(2024)
    z, p = normals(source, 60, 3, 2, 8), normals(source, 60, 3)
    i, side = np.arange(60), np.array([-1, 1])
    true, other = np.where(i % 2 == 0, 1, -1), np.where(i // 2 % 2 == 0, 1, -1)
    x = 0.5 * z
    x[..., 0] += side * true[:, None, None]
    x[..., 1] += 2 * side
    x[..., 2] += distractor * side * other[:, None, None]
    x[..., 3] += 0.5 * p[:, :, None]
    return x, true > 0, other > 0


def labelled() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (80, 5) states and labels, one in four positive."""
    z, mix = normals(generator(77), 80, 5), np.eye(5)
    mix[0, 1], mix[1, 2], mix[2, 4], mix[4, 4] = 0.5, 0.3, 0.2, 0.5
    y = np.arange(80) % 4 == 0
    return z @ mix + y[:, None] * np.array([1, -0.5, 0, 0.25, 0]), y
