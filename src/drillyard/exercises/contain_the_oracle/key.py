"""The key to a desk: the best policy that we know, found with the desk's sealed names and by trying settings.

A desk's limits are set beside it, so that they are tight on each desk and can be held. Who has no seed has no names,
and so no key: the search alone gives settings, not what must be refused.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from drillyard.containment.adversaries.case import OracleCase
from drillyard.containment.adversaries.trial import Bench
from drillyard.containment.adversaries.years import Desk
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.records import OracleTrial

__all__ = ["best_settings", "key_of", "refusing"]

_EVERY, _ROUNDS = 3, 2
"""The search looks at a third of the questions, in a third of the time; limits are set by all of them."""
_FREE: dict[str, Any] = {"bits": 1e6, "questions": 10**6}
_START = {"grid_points": 5, "dither": 1, "runs": 1, "quorum": 1, "day_step": 30, "spread": 0.3, "erasure": 0.03}
_CHOICES: tuple[tuple[dict[str, Any], ...], ...] = (
    tuple(
        {"grid_points": points, "dither": noise}
        for points, noise in ((3, 0), (5, 0), (5, 1), (9, 0), (9, 1), (21, 0), (21, 1), (21, 3))
    ),
    ({"runs": 1, "quorum": 1}, {"runs": 5, "quorum": 3}, {"runs": 7, "quorum": 2}),
    tuple({"day_step": days} for days in (7, 30, 60)),
    tuple(
        {"kinds": kinds}
        for kinds in (
            ["binary", "grid", "category", "date"],
            ["binary", "grid", "category"],
            ["binary", "grid", "date"],
            ["binary", "grid"],
        )
    ),
    ({"erasure": 0.0}, {"erasure": 0.03}),
)
_BUDGETS = (1.0, 0.85, 0.7, 0.55, 0.4)


def key_of(desk: Desk, case: OracleCase) -> GatewayPolicy:
    """Return the key to a desk, with settings that are best on a year of it."""
    names = [name for one in (*desk.subjects, desk.itself) if one.goal for name in one.called]
    start = GatewayPolicy.from_data(
        {"name": "key", "topics": desk.topics, "per_asker": _FREE, "per_topic": _FREE, "per_year": _FREE, **_START}
    )
    return best_settings(start.with_fields(**refusing(names)), case, desk.bits)


def refusing(words: Iterable[str]) -> dict[str, Any]:
    """Return what refuses questions that hold one of these words; a pattern holds forty, for its length has a limit."""
    known = sorted(word.casefold() for word in words)
    parts = (known[at : at + 40] for at in range(0, len(known), 40))
    return {"steering": {"limit": 0.5, "weights": {rf"\b(?:{'|'.join(part)})\b": 0.9 for part in parts}}}


def best_settings(start: GatewayPolicy, case: OracleCase, bits: float, every: int = _EVERY) -> GatewayPolicy:
    """Return a policy with the settings, one after another, that keep most value of a case and leak so many bits."""
    bench, best = Bench(case, every=every), start
    budgets = tuple({"per_asker": {"bits": 1e6, "questions": most}} for most in _quotas(case))
    for _ in range(_ROUNDS):
        for choices in (*_CHOICES, budgets):
            tried = [best, *(best.with_fields(**fields) for fields in choices)]
            best = max(tried, key=lambda policy: _merit(bench.trial(policy), bits))
    return best


def _merit(trial: OracleTrial, bits: float) -> float:
    """Return the value of a trial that keeps the limits, and else how far it breaks them, below 0."""
    over = max(0.0, trial.leaked_bits / bits - 1) + max(0.0, trial.progress - trial.limits.progress)
    return -over if over else trial.value


def _quotas(case: OracleCase) -> list[int]:
    """Return budgets to try: none, and shares of what the busiest asker took in a year, and the busiest but three."""
    asked = sorted(Counter(one.asker for one in case.questions).values())
    shares = {math.ceil(share * asked[place]) for share in _BUDGETS for place in (-1, -4)}
    return sorted({_FREE["questions"], *shares})
