"""Logistic regression: mean log loss + penalty/2 |w|², the bias free, on standardised features.

Solved by Newton's method in at most as many coordinates as there are rows (`compact`), so that thousands of axes cost
no more than the rows do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit

from drillyard.probes.base import Doubles, LinearProbe, check_labels
from drillyard.probes.methods.scaling import Scaling, compact

__all__ = ["PENALTY", "fit_logistic"]

PENALTY = 0.1
_STEPS, _DONE = 100, 1e-10


def fit_logistic(
    states: ArrayLike,
    labels: ArrayLike,
    *,
    penalty: float = PENALTY,
    standardise: bool = True,
    weigh: ArrayLike | None = None,
) -> LinearProbe:
    """Return the probe; its score is the log-odds of the label. `told` has the objective and the log loss.

    Args:
        states: (rows, width).
        labels: (rows,) 0 or 1.
        penalty: on the squared length of the weights; smaller follows the training rows more closely.
        standardise: whether features are centred and scaled by their spread first.
        weigh: (rows,) share of each row in the mean loss; by default all alike.

    Raises:
        BadInput: as `check_labels`.
    """
    x, y = check_labels(states, labels)
    share = np.full(len(x), 1 / len(x)) if weigh is None else np.asarray(weigh, np.float64)
    scaling = Scaling.of(x) if standardise else Scaling(mean=np.zeros(x.shape[1]), inverse=np.ones(x.shape[1]))
    z, axes = compact(scaling.apply(x))
    at, objective = _solve(np.column_stack([z, np.ones(len(z))]), np.where(y, 1.0, -1.0), share, penalty)
    loss = objective - penalty / 2 * float(at[:-1] @ at[:-1])
    return scaling.probe(at[:-1] @ axes, float(at[-1]), objective=objective, loss=loss)


def _solve(z: Doubles, sign: Doubles, share: Doubles, penalty: float) -> tuple[Doubles, float]:
    """Return the weights, bias last, and the objective there; Newton steps, halved until the objective falls."""
    ridge = np.append(np.full(z.shape[1] - 1, penalty), 0.0)

    def objective(at: Doubles) -> float:
        return float(-(share * log_expit(sign * (z @ at))).sum() + (ridge * at**2).sum() / 2)

    at = np.zeros(z.shape[1])
    now = objective(at)
    for _ in range(_STEPS):
        chance = expit(z @ at)
        slope = z.T @ (share * (chance - (sign > 0))) + ridge * at
        curve = (z * (share * chance * (1 - chance))[:, None]).T @ z + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curve, slope)
        length = 1.0
        while (after := objective(at - length * step)) > now and length > 1e-6:
            length /= 2
        at, gain = at - length * step, now - after
        now = after
        if gain < _DONE * max(1e-6, now):
            break
    return at, now
