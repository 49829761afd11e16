"""What ordinary traffic shows: queries of the scope as often as people ask them, looked at as the hunt looks.

A hunt asks what may fail, not what is asked often, so its own hits say nothing of how often users will meet them.
"""

from __future__ import annotations

import random

from drillyard.audits.elicitation import Elicitation
from drillyard.audits.forecast import Forecast, forecast
from drillyard.audits.hunt.hunting import BATCH
from drillyard.audits.hunt.rates import correct_rate
from drillyard.audits.hunt.session import FLOOR, Session
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Estimate
from drillyard.targets import Target

__all__ = ["ordinary"]

_MOST = 4  # requests per query at the most, branches included
_TIMES = (10, 100, 1000)  # as many queries as were asked


def ordinary(
    target: Target, scope: Scope, judge: MeasuredJudge, n: int, seed: int, *, reading: bool
) -> tuple[dict[str, Estimate], tuple[Forecast, ...]]:
    """Return, per behaviour, the share of ordinary replies that show it, and forecasts of those that were read.

    Args:
        target: who is asked.
        scope: whose traffic it is, in words that the search does not use.
        judge: with its measured error, which every share carries.
        n: queries, at least 50, or 0 for none; a target that is read gets a few requests more for each.
        seed: decides queries and samples.
        reading: look at probabilities where the target reveals them.
    """
    if not n:
        return {}, ()
    session = Session(target, scope, judge, _MOST * n, seed + 1_000, reading=reading)
    space, rng = Space(scope, held_out=True), random.Random(f"traffic:{seed}")
    seen: list[Sighting] = []
    while len(seen) < n:
        seen += session.look([space.at_random(rng) for _ in range(min(BATCH, n - len(seen)))])
    shares = {b: correct_rate(seen, b, judge) for b in scope.behaviours}
    if not session.reads or not all(map(judge.exact, scope.behaviours)):
        return shares, ()  # single samples have no tail, and the judge's error is not in single probabilities
    how = f"probabilities read, branches of at least {FLOOR:.1%} followed"
    read = [
        Elicitation(behaviour=b, p=tuple(one.chance(b) for one in seen), how=how, replies=0) for b in scope.behaviours
    ]
    volumes = [times * n for times in _TIMES]
    return shares, tuple(forecast(one, volumes, target=target.reference, seed=seed) for one in read if any(one.p))
