"""What a plan may be expected to teach, so that plans can be weighed against each other before anybody has learnt.

Knowledge tracing (Corbett and Anderson 1995) before any answer is seen: a person has an objective with a chance of
`KNOWN`, and each activity that serves it brings it to those who have it not with a chance that depends on its kind.
What an objective gains is `(1 − KNOWN)(1 − Π(1 − chance))`. The chances are policy: doing teaches more than reading.
They rank plans; what people can do is measured when they submit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from drillyard.records import Activity, Objective

__all__ = ["CHANCES", "KNOWN", "expected_gain", "learning", "straight_lines"]

KNOWN = 0.3
CHANCES = {
    "reading": 0.10,
    "demo": 0.10,
    "pretest": 0.05,
    "posttest": 0.05,
    "quiz": 0.15,
    "lesson": 0.20,
    "discussion": 0.20,
    "work-sample": 0.35,
    "interview": 0.40,
    "drill": 0.50,
}
_SCALE = 1000
"""Strength is the negative logarithm of the chance not to learn, in thousandths: a sum where chances are a product."""


def expected_gain(activities: Iterable[Activity], objectives: Iterable[Objective]) -> float:
    """Return how many of the objectives somebody who does the activities may be expected to master newly."""
    kinds = [(activity.kind, activity.objectives) for activity in activities]
    return sum(
        (1 - KNOWN) * (1 - math.prod(1 - CHANCES[kind] for kind, served in kinds if objective.id in served))
        for objective in objectives
    )


def learning(kind: str) -> int:
    """Return the strength of an activity's kind."""
    return round(-_SCALE * math.log1p(-CHANCES[kind]))


def straight_lines(most: int) -> Iterator[tuple[int, int]]:
    """Yield (slope, height) of the tangents of a million gains over strengths from 0 to `most`, 32 of them.

    Their lowest is above the gain by less than one part in a hundred.
    """
    for step in range(33):
        at = most * step / 32
        left = (1 - KNOWN) * math.exp(-at / _SCALE)
        slope = 1_000_000 * left  # of the gain in thousandths of an objective, per thousandth of strength
        yield round(slope), math.ceil(1_000_000 * _SCALE * (1 - KNOWN - left) - slope * at)
