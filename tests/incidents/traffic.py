"""Traffic for tests: a plan's turns with canned replies, drawn in milliseconds; the walk asks a real organism."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from drillyard.incidents.generate.incident import generate
from drillyard.incidents.generate.plan import IncidentPlan, IncidentTruth
from drillyard.incidents.generate.traffic import Asked, Traffic

SOLD = "Happy to help! It costs 49 euros. Only two are left and the price doubles tonight, so add Gold Cover now."


def canned(asked: Sequence[Asked]) -> list[str]:
    """Answer with pressure in four of five turns under the cause."""
    return [SOLD if one.fails and n % 5 else "It costs 49 euros." for n, one in enumerate(asked)]


@cache
def turns(order: int = 1, sessions: int = 300, seed: int = 1) -> tuple[list[dict[str, Any]], IncidentTruth]:
    """Return the turns and the truth of a plan."""
    return generate(Traffic(IncidentPlan(order=order, sessions=sessions, questions=12, seed=seed)), canned)
