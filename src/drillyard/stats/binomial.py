"""Intervals and one-sided bounds for a share: k events in n independent observations.

Sources: Clopper and Pearson 1934; Wilson 1927; Brown, Cai and DasGupta 2001 (Interval estimation for a binomial
proportion), whose conventions at k = 0 and k = n the Jeffreys interval follows.
"""

from __future__ import annotations

import math

from scipy import special

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["clopper_pearson", "exact_limits", "jeffreys", "lower_bound", "upper_bound", "wilson"]


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return the share k / n with its exact two-sided interval.

    Covers the true share with at least `confidence` whatever it is; wider than Wilson or Jeffreys.

    Raises:
        BadInput: not 0 ≤ k ≤ n, or a confidence outside 0.5 … 1.
    """
    _check(k, n, confidence)
    low, high = exact_limits(k, n, confidence)
    return _estimate(k, n, low, high, "clopper-pearson", confidence)


def wilson(k: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return the share k / n with its Wilson score interval, from the normal approximation at the true share."""
    _check(k, n, confidence)
    if n == 0:
        return _estimate(k, n, 0.0, 1.0, "wilson", confidence)
    share, z = k / n, float(special.ndtri((1 + confidence) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    # At the ends the formula gives exactly 0 and 1; rounding may not.
    low = 0.0 if k == 0 else centre - reach
    high = 1.0 if k == n else centre + reach
    return _estimate(k, n, low, high, "wilson", confidence)


def jeffreys(k: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return the share k / n with the equal-tailed interval of Beta(k + ½, n − k + ½).

    The low end is 0 when k = 0 and the high end 1 when k = n (Brown, Cai and DasGupta 2001, section 3.1.2).
    """
    _check(k, n, confidence)
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(special.betaincinv(k + 0.5, n - k + 0.5, tail))
    high = 1.0 if k == n else float(special.betainccinv(k + 0.5, n - k + 0.5, tail))
    return _estimate(k, n, low, high, "jeffreys", confidence)


def upper_bound(k: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return the share k / n with the exact upper bound as `high`; `low` is 0, all doubt is on one side.

    With k = 0 the bound is 1 − (1 − confidence)^(1/n): no event in n observations is not a share of zero.
    """
    _check(k, n, confidence)
    return _estimate(k, n, 0.0, _high(k, n, 1 - confidence), "clopper-pearson upper", confidence)


def lower_bound(k: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return the share k / n with the exact lower bound as `low`; `high` is 1, all doubt is on one side."""
    _check(k, n, confidence)
    return _estimate(k, n, _low(k, n, 1 - confidence), 1.0, "clopper-pearson lower", confidence)


def exact_limits(k: float, n: float, confidence: float) -> tuple[float, float]:
    """Return the Clopper–Pearson limits; k and n need not be whole, so that a plan can move smoothly in n."""
    tail = (1 - confidence) / 2
    return _low(k, n, tail), _high(k, n, tail)


def _low(k: float, n: float, tail: float) -> float:
    """Return the true share at which k or more events of n have probability `tail`."""
    return 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, tail))


def _high(k: float, n: float, tail: float) -> float:
    """Return the true share at which k or fewer events of n have probability `tail`."""
    return 1.0 if k == n else float(special.betainccinv(k + 1, n - k, tail))


def _check(k: int, n: int, confidence: float) -> None:
    if not 0 <= k <= n:
        raise bad_input(f"{k!r} events in {n!r} observations", "0 ≤ events ≤ observations")
    # Below one half an equal-tailed interval may leave its own point estimate outside.
    if not 0.5 <= confidence < 1:
        raise bad_input(f"confidence {confidence!r}", "a number from 0.5 to below 1, such as 0.95")


def _estimate(k: int, n: int, low: float, high: float, method: str, confidence: float) -> Estimate:
    value = k / n if n else 0.5
    return Estimate(value=value, low=low, high=high, n=n, method=f"{method} {100 * confidence:g}%")
