"""Gold reward over the distance from the start, with the curve of Gao et al. that is fitted to it, in SVG units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.alignment.training.overoptimisation import FittedCurve as Fitted
from drillyard.alignment.training.overoptimisation import fit_curve
from drillyard.alignment.weighing.curves import Curve
from drillyard.errors import BadInput
from drillyard.records.charts import LinearAxis, path

__all__ = ["GoldChart", "gold_charts"]

_LEFTS, _WIDE, _HIGH, _STEP = (44.0, 256.0, 468.0), 160.0, 110.0, 160.0
_FINE = 40


@dataclass(frozen=True, kw_only=True)
class GoldChart:
    """One training: what was measured, the fitted curve, and where that is highest (`best`, None outside the chart)."""

    title: str
    words: str
    left: float
    right: float
    top: float
    foot: float
    low: str
    high: str
    last: str
    dots: tuple[tuple[float, float], ...]
    fitted: str
    best: float | None


def gold_charts(curves: Sequence[Curve]) -> list[GoldChart]:
    """Return a chart per training that logged gold reward and KL at two different distances or more."""
    found: list[GoldChart] = []
    for curve in curves:
        points = [(p.kl, p.gold) for p in curve.points if p.kl is not None and p.gold is not None]
        gains = [(kl, gold - points[0][1]) for kl, gold in points]
        try:
            fitted = fit_curve([kl for kl, _ in gains], [gain for _, gain in gains])
        except BadInput:
            continue
        title = f"{curve.technique} at {curve.strength:g}, seed {curve.seed}"
        found.append(_chart(title, gains, fitted, len(found)))
    return found


def _chart(title: str, gains: Sequence[tuple[float, float]], fitted: Fitted, place: int) -> GoldChart:
    left, top = _LEFTS[place % len(_LEFTS)], 30 + _STEP * (place // len(_LEFTS))
    far = max(math.sqrt(max(0.0, kl)) for kl, _ in gains)
    ways = [far * i / _FINE for i in range(_FINE + 1)]
    line = [(way, fitted.gain(way * way)) for way in ways]
    low, high = (pick(value for _, value in (*gains, *line)) for pick in (min, max))
    room = (high - low) or 1.0
    across = LinearAxis(low=0, high=far, left=left, right=left + _WIDE)
    up = LinearAxis(low=low, high=low + room, left=top + _HIGH, right=top)
    best = math.sqrt(fitted.best_kl) if fitted.best_kl < math.inf else math.inf
    optimum = f"best at {fitted.best_kl:.2f} nats" if best <= far else "no best so far"
    return GoldChart(
        title=title,
        words=f"α {fitted.alpha:.1f}, β {fitted.beta:.1f}, {optimum}",
        left=left,
        right=left + _WIDE,
        top=top,
        foot=top + _HIGH,
        low=f"{low:.2f}",
        high=f"{low + room:.2f}",
        last=f"{far:.1f}",
        dots=tuple((across.at(math.sqrt(max(0.0, kl))), up.at(gain)) for kl, gain in gains),
        fitted=path((across.at(way), up.at(value)) for way, value in line),
        best=across.at(best) if best <= far else None,
    )
