"""The equal-variance Gaussian monitor: what one number, d', says about catches at a budget."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri

from drillyard.containment.games.checks import check_share
from drillyard.errors import bad_input

__all__ = ["auc_of", "caught_share", "separation_of"]


def caught_share(separation: float, budget: float) -> float:
    """Return the share of attacks audited when that share `budget` of honest work is: `Phi(d' + Phi^-1(budget))`.

    Honest scores are N(0, 1), those of attacks N(separation, 1); the most suspicious are audited. Source: Green and
    Swets 1966.
    """
    check_share("budget", budget)
    return float(ndtr(separation + ndtri(budget)))


def auc_of(separation: float) -> float:
    """Return the area under the curve, `Phi(d'/sqrt 2)`. Very different catches at small budgets share one area."""
    return float(ndtr(separation / math.sqrt(2)))


def separation_of(caught: float, budget: float) -> float:
    """Return d' from one point of the curve. Raises `BadInput` at shares of 0 or 1, where it is infinite."""
    for name, value in (("caught", caught), ("budget", budget)):
        if not 0 < value < 1:
            raise bad_input(f"{name} = {value!r}", "a share between 0 and 1, ends left out", f"give another {name}")
    return float(ndtri(caught) - ndtri(budget))
