"""A gate: a linear probe that says at which tokens an edit is to happen.

Logistic regression (`drillyard.probes`), both classes weighing the same; states are scaled by their root mean square
alone. CAST (Lee et al. 2024, arXiv 2409.05907) compares a state with a condition vector; a probe is the same comparison
with a fitted direction.
"""

from __future__ import annotations

import numpy as np

from drillyard.organisms.engine.llama import Floats
from drillyard.probes.methods.logistic import fit_logistic

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
    scale = float(np.sqrt(((x - x.mean(0)) ** 2).mean())) or 1.0
    sizes = [len(fires), len(rests)]
    weigh = np.repeat([0.5 / len(fires), 0.5 / len(rests)], sizes)
    probe = fit_logistic(x / scale, np.repeat([1, 0], sizes), penalty=_RIDGE, standardise=False, weigh=weigh)
    return (probe.weights / scale).astype(np.float32), probe.bias
