"""The chart of gold reward over distance: the fitted curve runs through points that lie on one, and marks its top."""

from __future__ import annotations

import math

import pytest

from drillyard.alignment.training.overoptimisation import FittedCurve as Fitted
from drillyard.alignment.weighing.curves import Curve, CurvePoint
from drillyard.alignment.weighing.plot_gold import gold_charts

TRUE = Fitted(form="rl", alpha=1.5, beta=0.9)


def trained(fitted: Fitted, furthest: float) -> Curve:
    """Return a training whose gold reward follows a curve exactly, from 0.3 at the start."""
    kls = [furthest * i / 10 for i in range(11)]
    points = tuple(CurvePoint(step=i, kl=kl, gold=0.3 + fitted.gain(kl)) for i, kl in enumerate(kls))
    return Curve(technique="rlhf", strength=0.02, seed=1, points=points)


def test_the_curve_passes_through_points_that_lie_on_one() -> None:
    """The chart's coefficients are those that made the points, and its highest place is the closed form's."""
    (chart,) = gold_charts([trained(TRUE, 9.0)])
    assert chart.words == f"α 1.5, β 0.9, best at {math.exp(2 * (1.5 / 0.9 - 1)):.2f} nats"
    share = (chart.best - chart.left) / (chart.right - chart.left)
    assert share == pytest.approx(math.exp(1.5 / 0.9 - 1) / 3.0)
    drawn = [tuple(map(float, place.split())) for place in chart.fitted.removeprefix("M").split(" L")]
    for x, y in chart.dots:
        assert min(abs(x - a) + abs(y - b) for a, b in drawn) < 6, "a dot lies off the curve"


def test_no_optimum_is_marked_before_it_is_reached() -> None:
    """A training that stopped earlier, or whose reward only rises, has no line."""
    (early,) = gold_charts([trained(TRUE, 1.0)])
    (rising,) = gold_charts([trained(Fitted(form="rl", alpha=1.0, beta=-0.5), 4.0)])
    assert early.best is None and rising.best is None and "no best so far" in early.words


def test_trainings_without_gold_reward_have_no_chart() -> None:
    """Losses alone, or a single distance, say nothing."""
    plain = Curve(technique="sft", strength=1, seed=1, points=tuple(CurvePoint(step=i, loss=1 / i) for i in (1, 2, 3)))
    still = Curve(technique="grpo", strength=1, seed=1, points=(CurvePoint(step=0, kl=0.0, gold=0.2),))
    assert gold_charts([plain, still]) == []
