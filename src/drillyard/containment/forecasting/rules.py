"""Scoring rules for a yes-or-no event, and a check that a rule is proper.

Every proper score has the form S(p, y) = G(p) + g(p) (y − p) with G convex and g its slope (Savage 1971; Gneiting and
Raftery 2007). Higher is better everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = [
    "BRIER",
    "EDGE",
    "LOG",
    "RULES",
    "SPHERICAL",
    "ScoringRule",
    "Violation",
    "check_rule",
    "exponential",
    "rule_named",
    "violation_of",
]

Array = NDArray[np.float64]

EDGE = 1e-9
"""Reports stay this far from 0 and 1, where the log score is infinite."""


@dataclass(frozen=True, kw_only=True)
class ScoringRule:
    """A rule by its two functions, each from an array of reports to an array of the same shape.

    `entropy` is G, the expected score of an honest report; `slope` is g, its derivative. A rule of your own goes
    through `checked` first.
    """

    name: str
    entropy: Callable[[Array], Array]
    slope: Callable[[Array], Array]

    def expected(self, report: Array, truth: Array) -> Array:
        """Return the expected score of reports when the event has probability `truth` (shapes broadcast)."""
        return np.asarray(self.entropy(report) + self.slope(report) * (truth - report), dtype=float)


class Violation(Record):
    """Where a rule is not proper: whoever believes `belief` gains `gain` by reporting `report` instead."""

    belief: float
    report: float
    gain: float


def _log_entropy(p: Array) -> Array:
    q = np.clip(p, EDGE, 1 - EDGE)
    return np.asarray(q * np.log(q) + (1 - q) * np.log1p(-q), dtype=float)


def _logit(p: Array) -> Array:
    q = np.clip(p, EDGE, 1 - EDGE)
    return np.asarray(np.log(q) - np.log1p(-q), dtype=float)


def _length(p: Array) -> Array:
    return np.asarray(np.hypot(p, 1 - p), dtype=float)


BRIER = ScoringRule(name="brier", entropy=lambda p: p * p - p, slope=lambda p: 2 * p - 1)
LOG = ScoringRule(name="log", entropy=_log_entropy, slope=_logit)
SPHERICAL = ScoringRule(name="spherical", entropy=_length, slope=lambda p: (2 * p - 1) / _length(p))

RULES: Mapping[str, ScoringRule] = {rule.name: rule for rule in (BRIER, LOG, SPHERICAL)}


def exponential(rate: float) -> ScoringRule:
    """Return the rule G(p) = exp(rate (p − 1)): proper, and |g / g'| = 1 / rate, so the gap shrinks as the rate grows.

    This repairs yes-or-no questions: the gap is at most max |f'| / rate (Oesterheld et al. 2305.17601, in our form).
    The score then hardly tells low reports apart: raise the rate no further than needed.

    Raises:
        BadInput: the rate is not above 0, or over 500.
    """
    if not 0 < rate <= 500:
        raise bad_input(f"the rate {rate:g}", "one above 0, at most 500", "try 20")
    return ScoringRule(
        name=f"exponential-{rate:g}",
        entropy=lambda p: np.exp(rate * (p - 1)),
        slope=lambda p: rate * np.exp(rate * (p - 1)),
    )


def rule_named(name: str) -> ScoringRule:
    """Return a built-in rule: brier, log, spherical, or exponential-RATE such as exponential-20.

    Raises:
        BadInput: there is no such rule.
    """
    if name in RULES:
        return RULES[name]
    head, _, rate = name.partition("-")
    if head == "exponential":
        try:
            return exponential(float(rate))
        except ValueError:
            pass
    raise bad_input(f"the rule {name!r}", f"one of {', '.join(RULES)}, exponential-RATE", "try --rule brier")


def violation_of(rule: ScoringRule, points: int = 401, tolerance: float = 1e-7) -> Violation | None:
    """Return where a rule pays most for a report that is not the belief; None when no grid point shows one.

    Compares every report with every belief on `points` evenly spaced values inside 0 … 1: a dip that is narrower than
    the grid is not seen.
    """
    p = np.linspace(1e-6, 1 - 1e-6, points)
    scores = rule.expected(p[None, :], p[:, None])
    if not np.isfinite(scores).all():
        raise bad_input(f"a score of {rule.name!r} that is not finite", "finite scores inside 0 … 1")
    gain = scores - np.diag(scores)[:, None]
    belief, report = (int(k) for k in np.unravel_index(np.argmax(gain), gain.shape))
    size = float(gain[belief, report])
    if size <= tolerance * max(1.0, float(np.abs(scores).max())):
        return None
    return Violation(belief=float(p[belief]), report=float(p[report]), gain=size)


def check_rule(rule: ScoringRule) -> ScoringRule:
    """Return the rule when it is proper.

    Raises:
        BadInput: it is not; says which belief, which report beats it, and by how much.
    """
    if worst := violation_of(rule):
        found = f"the rule {rule.name!r}, where belief {worst.belief:.3f} gains {worst.gain:.3g}"
        raise bad_input(f"{found} by reporting {worst.report:.3f}", "a proper rule", "give a convex G and its slope g")
    return rule
