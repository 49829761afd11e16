"""What a probe is: a frozen value that scores states. Fitting is a function of its own, one per method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drillyard.errors import bad_input

__all__ = [
    "ConstantProbe",
    "DistanceProbe",
    "Doubles",
    "LinearProbe",
    "Probe",
    "check_labels",
    "check_states",
    "fit_constant",
]

Doubles = NDArray[np.float64]


class Probe(Protocol):
    """Scores states; a higher score means more of what it was fitted to find. Guards take one as a stage."""

    @property
    def form(self) -> str:
        """What it computes, in a word: `linear`, `distance`, `attention`, `constant`."""

    def score(self, states: ArrayLike) -> Doubles:
        """Return (rows,) scores of (rows, width) states. Raises `BadInput` for another width or a NaN."""

    def tensors(self) -> Mapping[str, NDArray[Any]]:
        """Return the arrays it is made of, by the names of its fields."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearProbe:
    """A direction and a bias: `states @ weights + bias`. Any centring and scaling is folded in.

    `told` are figures of the fit that say how far to trust it, such as the loss of CCS.
    """

    weights: Doubles
    bias: float = 0.0
    told: Mapping[str, float] = field(default_factory=dict)
    form: ClassVar[str] = "linear"

    def score(self, states: ArrayLike) -> Doubles:
        """Return (rows,) scores; see `Probe`."""
        scores: Doubles = check_states(states, len(self.weights)) @ self.weights + self.bias
        return scores

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return its arrays."""
        return {"weights": self.weights, "bias": np.asarray(self.bias, np.float64)}


@dataclass(frozen=True, kw_only=True, eq=False)
class DistanceProbe:
    """The squared Mahalanobis distance from `mean`, by `precision`, the inverse covariance."""

    mean: Doubles
    precision: Doubles
    form: ClassVar[str] = "distance"

    def score(self, states: ArrayLike) -> Doubles:
        """Return (rows,) squared distances; see `Probe`."""
        apart = check_states(states, len(self.mean)) - self.mean
        scores: Doubles = np.einsum("nd,de,ne->n", apart, self.precision, apart, optimize=True)
        return scores

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return its arrays."""
        return {"mean": self.mean, "precision": self.precision}


@dataclass(frozen=True, kw_only=True, eq=False)
class ConstantProbe:
    """The null probe: it says the same of every state, so whatever is measured of it is what chance gives."""

    width: int
    form: ClassVar[str] = "constant"

    def score(self, states: ArrayLike) -> Doubles:
        """Return (rows,) zeros; see `Probe`."""
        return np.zeros(len(check_states(states, self.width)))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return its arrays."""
        return {"width": np.asarray(self.width, np.int64)}


def fit_constant(states: ArrayLike, labels: ArrayLike) -> ConstantProbe:
    """Return the null probe of states' width. Raises `BadInput` as `check_labels`."""
    return ConstantProbe(width=check_labels(states, labels)[0].shape[1])


def check_states(states: ArrayLike, width: int | None = None) -> Doubles:
    """Return states as (rows, width) float64. Raises `BadInput`: another shape, no row, or a NaN or infinity."""
    found = np.asarray(states, np.float64)
    if found.ndim != 2 or not len(found) or (width is not None and found.shape[1] != width):
        expected = f"(rows, {width})" if width is not None else "(rows, width), at least one row"
        raise bad_input(f"states of shape {found.shape}", expected, "capture at the layer that the probe is for")
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(1))[0])
        raise bad_input(f"a NaN or infinity in row {row} of the states", "finite numbers", "capture with dtype float32")
    return found


def check_labels(states: ArrayLike, labels: ArrayLike) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return states and labels. Raises `BadInput`: they do not fit, or a class has fewer than two rows."""
    x, y = check_states(states), np.asarray(labels)
    if y.shape != (len(x),):
        raise bad_input(f"{y.size} labels for {len(x)} rows", "one label per row")
    y = y.astype(bool)
    if min(y.sum(), (~y).sum()) < 2:
        raise bad_input(f"{int(y.sum())} rows of one class and {int((~y).sum())} of the other", "at least 2 of each")
    if not (x != x[0]).any():
        raise bad_input(
            "states that are all the same", "features that vary", "choose a later layer or another position"
        )
    return x, y
