"""Closed forms of attempts: upfront audits, repeated and parallel attacks, distributed damage, honeypots."""

from __future__ import annotations

import math

from scipy.optimize import brentq

from drillyard.containment.games.checks import check_count, check_positive, check_share
from drillyard.errors import bad_input

__all__ = [
    "attempts_of_best_response",
    "exposure",
    "repeated_safety",
    "some_pass",
    "success_behind",
    "uncaught_before_catch",
    "upfront_loss",
    "upfront_loss_at",
]


def upfront_loss(share: float, success: float) -> float:
    """Return the attacker's best chance when a share of all work is audited before any of it is acted on.

    Attempts are Poisson with a rate that the attacker chooses; a loss is no catch at all and at least one success:
    the maximum over q of `q^(a/b) (1-q)` with `a = share`, `b = (1 - share) success`, which is
    `(a/(a+b))^(a/b) b/(a+b)`.
    """
    a, b = check_share("share", share), (1 - share) * check_share("success", success)
    if b == 0:
        return 0.0
    return b / (a + b) if a == 0 else (a / (a + b)) ** (a / b) * b / (a + b)


def upfront_loss_at(share: float, success: float, attempts: float) -> float:
    """Return the chance of no catch and at least one success when that many attempts are expected (Poisson)."""
    a, b = check_share("share", share), (1 - share) * check_share("success", success)
    return math.exp(-a * check_positive("attempts", attempts)) * -math.expm1(-b * attempts)


def attempts_of_best_response(share: float, success: float) -> float:
    """Return the expected attempts of the attacker behind `upfront_loss`; infinite where nothing is audited."""
    a, b = check_share("share", share), (1 - share) * check_share("success", success)
    if b == 0:
        return 0.0
    return math.inf if a == 0 else -math.log(a / (a + b)) / b


def success_behind(safety: float, share: float) -> float:
    """Return the success per attempt at which upfront audits of a share have this safety.

    Raises `BadInput` where no success gives it.
    """
    check_share("safety", safety)
    least = 1 - upfront_loss(share, 1.0)
    if not least <= safety < 1:
        raise bad_input(f"safety {safety!r} at a share of {share!r}", f"from {least:.4f} to below 1", "give another")
    return float(brentq(lambda s: 1 - upfront_loss(share, s) - safety, 1e-9, 1.0))


def repeated_safety(caught: float, success: float) -> float:
    """Return the chance that the first event that ends a run is a catch: `c/(c + (1-c)s)`; 1 where none can end it."""
    check_share("caught", caught)
    lost = (1 - caught) * check_share("success", success)
    return 1.0 if caught + lost == 0 else caught / (caught + lost)


def uncaught_before_catch(caught: float) -> float:
    """Return the expected acts of distributed damage before the first catch, `(1-c)/c`. Raises `BadInput` at 0."""
    return (1 - check_share("caught", caught)) / check_positive("caught", caught)


def exposure(honeypots: int, each: float) -> float:
    """Return the chance that a colluding monitor is exposed by one honeypot at least, `1 - (1-d)^n`."""
    return 1 - (1 - check_share("each", each)) ** check_count("honeypots", honeypots, 0)


def some_pass(miss: float, attacks: int) -> float:
    """Return the chance that one at least of several attacks in flight passes, misses being independent."""
    return 1 - (1 - check_share("miss", miss)) ** check_count("attacks", attacks, 0)
