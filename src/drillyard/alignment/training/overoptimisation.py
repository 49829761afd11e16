"""Over-optimisation of a reward: how gold reward goes with distance from the start, and where to stop.

Source: Gao, Schulman & Hilton 2023, arXiv 2210.10760. With d = √KL, gold reward follows d (α − β ln d) under
reinforcement learning and d (α − β d) under best-of-n; both are linear in α and β, so they are fitted in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drillyard.errors import BadInput, bad_input

__all__ = ["Advice", "FittedCurve", "Form", "RewardPoint", "advise", "best_of_n_kl", "fit_curve"]

Form = Literal["rl", "best-of-n"]
_FEWEST = 5
"""Points for a curve of two parameters and its doubt: chosen, not measured."""

_LEVEL = 0.05
"""The usual level of a test: convention."""


@dataclass(frozen=True, kw_only=True)
class RewardPoint:
    """One measurement: KL divergence from the start in nats, the reward that is trained on, and the one that is not."""

    kl: float
    proxy: float
    gold: float


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """Gold reward over the start, as a function of distance, with its two coefficients."""

    form: Form
    alpha: float
    beta: float

    def gain(self, kl: float) -> float:
        """Return the gold reward, above that of the start, at a divergence in nats."""
        distance = math.sqrt(max(kl, 0.0))
        if not distance:
            return 0.0
        bent = math.log(distance) if self.form == "rl" else distance
        return distance * (self.alpha - self.beta * bent)

    @property
    def best_kl(self) -> float:
        """The divergence at which gold reward is highest; infinite where it only rises, 0 where it only falls."""
        if self.form == "rl":
            if self.beta <= 0:
                return math.inf
            power = 2 * (self.alpha / self.beta - 1)  # d = exp(α/β − 1)
            return math.exp(power) if power < 700 else math.inf
        if self.alpha <= 0:
            return 0.0
        return (self.alpha / (2 * self.beta)) ** 2 if self.beta > 0 else math.inf


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Whether to stop, why, and the curve that says so (None while there are too few points)."""

    stop: bool
    reason: str
    parting: bool
    curve: FittedCurve | None = None


def fit_curve(kl: Sequence[float], gain: Sequence[float], form: Form = "rl") -> FittedCurve:
    """Fit the two coefficients by least squares.

    Args:
        kl: divergences from the start in nats; those that are not above 0 tell nothing and are left out.
        gain: gold reward above that of the start, one per divergence.
        form: of the curve.

    Raises:
        BadInput: fewer than two different divergences above 0.
    """
    distance = np.sqrt(np.clip(np.asarray(kl, float), 0, None))
    kept = distance > 0
    distance, wanted = distance[kept], np.asarray(gain, float)[kept]
    if len(np.unique(distance)) < 2:
        raise bad_input(f"{len(np.unique(distance))} different divergences above 0", "at least 2, to fit a curve")
    bent = np.log(distance) if form == "rl" else distance
    (alpha, beta), *_ = np.linalg.lstsq(np.column_stack([distance, -distance * bent]), wanted, rcond=None)
    return FittedCurve(form=form, alpha=float(alpha), beta=float(beta))


def best_of_n_kl(n: int) -> float:
    """Return the divergence of the best of n replies from a single one, in nats: ln n − (n − 1) / n."""
    return math.log(n) - (n - 1) / n


def advise(points: Sequence[RewardPoint], form: Form = "rl") -> Advice:
    """Say whether to stop, from the points so far in the order of training; the first one is the start.

    It is time where, since gold reward was highest, it falls while proxy reward does not (Kendall's τ, one-sided at
    5 %), and the fitted optimum lies behind the newest point. Either alone is noise or a forecast.
    """
    parting = _parting([p.proxy for p in points], [p.gold for p in points])
    if len(points) < _FEWEST:
        return Advice(stop=False, reason=f"{len(points)} points, too few to say", parting=False)
    try:
        curve = fit_curve([p.kl for p in points], [p.gold - points[0].gold for p in points], form)
    except BadInput:
        return Advice(stop=False, reason="no distance from the start", parting=parting)
    past = points[-1].kl > curve.best_kl
    if past and parting:
        reason = f"proxy reward rises while gold falls, beyond the fitted optimum at {curve.best_kl:.2f} nats"
    elif parting:
        reason = "proxy reward rises while gold falls, before the fitted optimum"
    elif past:
        reason = f"beyond the fitted optimum at {curve.best_kl:.2f} nats, but gold does not fall yet"
    else:
        reason = "gold reward does not fall"
    return Advice(stop=past and parting, reason=reason, parting=parting, curve=curve)


def _parting(proxy: Sequence[float], gold: Sequence[float]) -> bool:
    """Say whether, since gold was at its highest, gold falls and proxy does not fall."""
    if len(gold) < _FEWEST:
        return False
    peak = int(np.argmax(gold))
    return _trend(np.asarray(gold[peak:]), falling=True) and not _trend(np.asarray(proxy[peak:]), falling=True)


def _trend(values: NDArray[np.float64], *, falling: bool) -> bool:
    """Say whether values in order go one way, by Kendall's τ, one-sided."""
    if len(values) < _FEWEST or np.ptp(values) == 0:
        return False
    found = stats.kendalltau(np.arange(len(values)), values, alternative="less" if falling else "greater")
    return bool(found.pvalue < _LEVEL)
