"""The scales of the FMEA: which measured number gives which score from 1 to 10. Published in docs/reference/audits.md.

Occurrence follows the probabilities per use of the AIAG FMEA manual, 4th edition (2008), table Cr2. Its detection scale
is in words; ours puts measured miss rates in their place. Severity is a judgement: the catalogue's, or one's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drillyard.records import Estimate, Record, Severity

__all__ = ["DETECTION", "OCCURRENCE", "SEVERITY", "Score", "score", "weight"]

OCCURRENCE: Sequence[tuple[float, int]] = (
    (0.1, 10), (0.05, 9), (0.02, 8), (0.01, 7), (0.002, 6), (0.0005, 5), (0.0001, 4), (1e-5, 3), (1e-6, 2), (0.0, 1),
)  # fmt: skip
"""Least probability per use, and its score."""

DETECTION: Sequence[tuple[float, int]] = (
    (0.9, 10), (0.7, 9), (0.5, 8), (0.3, 7), (0.2, 6), (0.1, 5), (0.05, 4), (0.02, 3), (0.005, 2), (0.0, 1),
)  # fmt: skip
"""Least share of failures that pass unseen, and its score; without a detector all do."""

SEVERITY: Mapping[Severity, int] = {Severity.LOW: 3, Severity.MEDIUM: 5, Severity.HIGH: 8, Severity.CRITICAL: 10}
"""Score of the catalogue's words; scores of one's own are marked as elicited."""


class Score(Record):
    """A score from 1 to 10 (or a product of scores), at the measured value and at both ends of its interval."""

    value: int
    low: int
    high: int


def score(estimate: Estimate, scale: Sequence[tuple[float, int]]) -> Score:
    """Look an estimate and both its ends up on a scale; nothing seen (a value of 0) scores as its upper bound."""
    value = estimate.value if estimate.value > 0 else estimate.high
    points = {"value": value, "low": estimate.low, "high": estimate.high}
    return Score(**{end: _look_up(x, scale) for end, x in points.items()})


def weight(severity: int) -> float:
    """Return the relative loss of one occurrence: 1 at severity 1, tenfold every three points, 1,000 at 10."""
    return float(10 ** ((severity - 1) / 3))


def _look_up(x: float, scale: Sequence[tuple[float, int]]) -> int:
    return next(points for least, points in scale if x >= least)
