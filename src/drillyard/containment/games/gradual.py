"""Damage in many small acts: a monitor that forgets against a tracker that sums, at the same budget.

One act of separation d is split into n of `d/n` each. Per act the monitor audits a share B of honest work; the tracker
looks at the sum of n scores and audits the same share of honest windows that the monitor touches, `1 - (1-B)^n`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drillyard.containment.games.checks import check_count, check_positive, check_share
from drillyard.containment.games.gaussian import caught_share

__all__ = ["Gradual", "gradual", "hardest_split"]


@dataclass(frozen=True, kw_only=True)
class Gradual:
    """Chances that an attack in `steps` acts is caught at least once."""

    steps: int
    stateless: float
    tracker: float


def gradual(separation: float, steps: int, budget: float) -> Gradual:
    """Return the chances of a catch by a stateless monitor and by a tracker of sums, scores being independent."""
    n, shift = check_count("steps", steps), check_positive("separation", separation)
    each = caught_share(shift / n, check_share("budget", budget))
    window = 1 - (1 - budget) ** n
    return Gradual(steps=n, stateless=1 - (1 - each) ** n, tracker=caught_share(shift / math.sqrt(n), window))


def hardest_split(separation: float, budget: float, most: int = 50) -> Gradual:
    """Return the number of acts at which the better of the two monitors catches least: the attacker's best response."""
    tried = (gradual(separation, n, budget) for n in range(1, check_count("most", most) + 1))
    return min(tried, key=lambda one: max(one.stateless, one.tracker))
