"""LEACE: the smallest affine change of states after which no linear classifier can tell classes apart.

Belrose et al. 2023, "LEACE: Perfect linear concept erasure in closed form", arXiv 2306.03819, theorem 4.3:
x − W⁺ P W (x − μ), where W whitens the states and P projects onto the columns of W Σxz. The covariance that W comes
from is shrunk towards a multiple of the identity (Chen et al. 2010, OAS, arXiv 0907.4698): with hardly more states than
axes, the raw one makes a small change of the means a large one of the states. Classes have one mean either way.

Does not cover: what a non-linear reader of the states can still tell, and classes that differ at other tokens than
those it was fitted on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drillyard.errors import bad_input
from drillyard.probes.base import Doubles, check_states

__all__ = ["erase", "leace"]

_NOTHING = 1e-6  # directions whose spread is this much smaller than the largest one are left as they are


def leace(states: ArrayLike, classes: ArrayLike, *, shrink: bool = True) -> dict[str, Doubles]:
    """Return the arrays of an erasure: x − left (right (x − mean)), as `erase` does it and an edit of kind `erase`.

    No direction is dropped for being faint, so a rare class goes as well: its mean gap after the erasure is 0.

    Args:
        states: (rows, width).
        classes: (rows,) the class of each row, from 0 on.
        shrink: whether to shrink the covariance.

    Raises:
        BadInput: there is only one class, or a state is no finite number.
    """
    checked, classes = check_states(states), np.asarray(classes)
    found = np.unique(classes)
    if len(found) < 2:
        raise bad_input("states of one class", "at least two classes to erase the difference of")
    mean = checked.mean(0)
    x = checked - mean
    one_hot = (classes[:, None] == found[None]).astype(np.float64)
    one_hot -= one_hot.mean(0)
    spreads, axes = np.linalg.eigh(x.T @ x / len(x))
    if shrink:
        spreads = _shrunk(spreads, len(x))
    kept = spreads > _NOTHING * spreads[-1]
    axes, roots = axes[:, kept], np.sqrt(spreads[kept])
    whiten, colour = (axes / roots) @ axes.T, (axes * roots) @ axes.T
    columns, sizes, _ = np.linalg.svd(whiten @ (x.T @ one_hot / len(x)), full_matrices=False)
    columns = columns[:, sizes > _NOTHING * max(sizes[0], 1e-30)]
    return {"left": colour @ columns, "right": columns.T @ whiten, "mean": mean}


def erase(states: ArrayLike, erasure: dict[str, Doubles]) -> Doubles:
    """Return states after an erasure."""
    x = check_states(states, len(erasure["mean"]))
    return x - (x - erasure["mean"]) @ erasure["right"].T @ erasure["left"].T


def _shrunk(spreads: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Return the eigenvalues of a covariance, shrunk towards their mean by OAS."""
    width, total, squares = len(spreads), float(spreads.sum()), float((spreads**2).sum())
    apart = squares - total**2 / width
    share = ((1 - 2 / width) * squares + total**2) / ((rows + 1 - 2 / width) * apart) if apart > 0 else 1.0
    share = min(1.0, share)
    found: NDArray[np.float64] = (1 - share) * spreads + share * total / width
    return found
