"""Closed forms of long-run risk: years, unknown rates, common causes, flawed arguments, clean records."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drillyard.containment.games.checks import check_count, check_positive, check_share
from drillyard.errors import bad_input

__all__ = [
    "add_flaw",
    "clean_record_bound",
    "common_cause",
    "erode",
    "surviving_rate",
    "trials_needed",
    "unknown_rate",
    "years_of",
]


def years_of(hazard: float, years: float) -> float:
    """Return the chance of at least one event in so many years at a constant yearly hazard: `1 - (1-h)^T`."""
    return _years(np.array([check_share("hazard", hazard)]), years)


def unknown_rate(hazards: ArrayLike, years: float) -> float:
    """Return `E[1 - (1-h)^T]` over equally likely hazards.

    Never above `1 - (1 - E h)^T`: who may live in a safe world survives more often than the mean hazard says.
    """
    return _years(_shares(hazards), years)


def surviving_rate(hazards: ArrayLike, years: float) -> float:
    """Return the mean yearly hazard given so many years without an event, over hazards equally likely before."""
    rates = _shares(hazards)
    weights = (1 - rates) ** _span(years)
    if not weights.sum() > 0:
        raise bad_input(f"hazards of 1 and {years:g} years", "some hazard that can be survived", "lower a hazard")
    return float((weights * rates).sum() / weights.sum())


def erode(hazard: float, erosion: float, years: int) -> float:
    """Return the chance of an event in so many years at `h_t = h_0 e^(erosion t)`, capped at 1, t = 0, 1, ...."""
    check_share("hazard", hazard)
    with np.errstate(over="ignore"):
        rates = np.minimum(hazard * np.exp(erosion * np.arange(check_count("years", years))), 1)
    return float(1 - np.prod(1 - rates))


def common_cause(failure: float, layers: int, beta: float) -> float:
    """Return the chance that all equal layers fail: `1 - (1 - beta q)(1 - ((1-beta) q)^n)`.

    `beta` is the share of failures with one cause for all. Source: the beta-factor model (Fleming 1975).
    """
    q, b = check_share("failure", failure), check_share("beta", beta)
    return b * q + (1 - b * q) * ((1 - b) * q) ** check_count("layers", layers)


def add_flaw(claim: float, flaw: float, risk: float) -> float:
    """Return a claimed risk when the argument is wrong with chance `flaw` and the risk is then at least `risk`.

    Never below `flaw * risk`. Source: Ord, Hillerbrand and Sandberg 2008 (0810.5515).
    """
    p, phi, r = check_share("claim", claim), check_share("flaw", flaw), check_share("risk", risk)
    return (1 - phi) * p + phi * max(p, r)


def clean_record_bound(trials: int, confidence: float = 0.95) -> float:
    """Return the exact upper bound on a rate after so many trials without a failure."""
    return -math.expm1(math.log1p(-_confidence(confidence)) / check_count("trials", trials))


def trials_needed(rate: float, confidence: float = 0.95) -> int:
    """Return how many clean trials show, at that confidence, that a rate lies below `rate`."""
    if not 0 < rate < 1:
        raise bad_input(f"rate = {rate!r}", "a share between 0 and 1, ends left out", "give another rate")
    return math.ceil(math.log1p(-_confidence(confidence)) / math.log1p(-rate))


def _years(hazards: NDArray[np.float64], years: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.mean(-np.expm1(_span(years) * np.log1p(-hazards))))


def _span(years: float) -> float:
    return check_positive("years", years)


def _shares(values: ArrayLike) -> NDArray[np.float64]:
    found = np.atleast_1d(np.asarray(values, float))
    if not found.size or not bool(np.all((found >= 0) & (found <= 1))):
        raise bad_input("hazards outside 0 to 1, or none", "yearly hazards as shares", "give at least one share")
    return found


def _confidence(value: float | Sequence[float]) -> float:
    if not isinstance(value, float) or not 0 < value < 1:
        raise bad_input(f"confidence = {value!r}", "a share between 0 and 1, ends left out", "give 0.95")
    return value
