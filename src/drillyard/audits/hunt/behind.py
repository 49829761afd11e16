"""Rates that were read or sampled behind a judge that errs: the judge's error carried into a finished interval."""

from __future__ import annotations

from drillyard.judges.measured import MeasuredJudge
from drillyard.records import Estimate

__all__ = ["behind"]


def behind(seen: Estimate, judge: MeasuredJudge, behaviour: str) -> Estimate:
    """Return the true rate behind one that a judge has seen: Rogan and Gladen's correction at both ends.

    Each end takes the judge at its worst for it: at the low end the lowest specificity and the highest sensitivity,
    at the high end the other way round; so the interval covers more than either. The exact judge's rulings are the
    world's own truth and stay as they are. A judge that was not measured, or may be no better than chance, leaves the
    whole range.
    """
    if judge.name == "exact":
        return seen
    sensitivity, specificity = judge.rates(behaviour)
    method = f"{seen.method}, rogan-gladen"
    if not (sensitivity.n and specificity.n) or sensitivity.low + specificity.low <= 1:
        return Estimate(value=seen.value, low=0.0, high=1.0, n=seen.n, method=f"{method}, the judge tells nothing")
    low = _true(seen.low, sensitivity.high, specificity.low)
    value = _true(seen.value, sensitivity.value, specificity.value)
    high = _true(seen.high, sensitivity.low, specificity.high)
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=seen.n, method=method)


def _true(share: float, sensitivity: float, specificity: float) -> float:
    return min(1.0, max(0.0, (share + specificity - 1) / (sensitivity + specificity - 1)))
