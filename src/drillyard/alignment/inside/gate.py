"""A gate: a linear probe that says at which tokens an edit is to happen.

Logistic regression with an L2 penalty, both classes weighing the same; states are centred and scaled by their root mean
square while it is fitted. CAST (Lee et al. 2024, arXiv 2409.05907) compares a state with a condition vector; a probe is
the same comparison with a fitted direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from drillyard.organisms.engine.llama import Floats

__all__ = ["fit_gate"]

_RIDGE = 1e-3
"""Keeps the weights finite where the two sides are separable: chosen, not measured."""


def fit_gate(fires: Floats, rests: Floats) -> tuple[Floats, float]:
    """Return a direction (width,) and a bias: above 0 where a state is rather one of those that fire.

    Args:
        fires: (rows, width) states at which the edit is wanted.
        rests: (rows, width) states at which it is not.
    """
    x = np.concatenate([fires, rests]).astype(np.float64)
    sign = np.repeat([1.0, -1.0], [len(fires), len(rests)])
    weigh = np.repeat([0.5 / len(fires), 0.5 / len(rests)], [len(fires), len(rests)])
    centre = x.mean(0)
    x -= centre
    scale = float(np.sqrt((x**2).mean())) or 1.0
    x /= scale

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (x @ at[:-1] + at[-1])
        pull = -weigh * sign * special.expit(-margin)
        slope = np.append(x.T @ pull + _RIDGE * at[:-1], pull.sum())
        return float(-(weigh * special.log_expit(margin)).sum() + _RIDGE / 2 * (at[:-1] ** 2).sum()), slope

    found = optimize.minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    direction = found.x[:-1] / scale
    return direction.astype(np.float32), float(found.x[-1] - direction @ centre)
