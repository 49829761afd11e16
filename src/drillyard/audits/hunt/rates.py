"""Rates over sightings, and the true ones behind a judge that errs.

Where the target reveals probabilities, the rate is the mean chance over prompts. Its interval is Student's, over
prompts as the units, with imagined ones added for prompts that were not drawn, because chances are skewed: one that
never fails and one that fails twice as often as the mean, and for the upper end the highest one once more. Elsewhere it
is the share of sampled replies with its exact interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from drillyard.audits.hunt.sighting import Sighting
from drillyard.judges.measured import MeasuredJudge
from drillyard.records import Estimate
from drillyard.stats import clopper_pearson

__all__ = ["correct_rate", "measure_rate"]


def measure_rate(seen: Sequence[Sighting], behaviour: str, confidence: float = 0.95) -> Estimate:
    """Return the rate of a behaviour as the judge sees it, with an interval that counts what is unknown upwards."""
    n = len(seen)
    chances = [one.chance(behaviour) for one in seen]
    unread = math.fsum(one.unread for one in seen)
    if not _read(seen):
        shown, unknown = _counts(seen, behaviour)
        worst = clopper_pearson(min(n, shown + unknown), n, confidence)
        return clopper_pearson(shown, n, confidence).model_copy(update={"high": worst.high})
    mean = math.fsum(chances) / n
    reach = _reach([*chances, 0.0, min(1.0, 2 * mean)], confidence)
    again = [*chances, max(chances)]
    high = max(mean + reach, math.fsum(again) / len(again) + _reach(again, confidence))
    high = high if any(chances) else clopper_pearson(0, n, confidence).high
    method = f"probabilities read, student-t {100 * confidence:g}%"
    return Estimate(value=mean, low=max(0.0, mean - reach), high=min(1.0, high + unread / n), n=n, method=method)


def correct_rate(seen: Sequence[Sighting], behaviour: str, judge: MeasuredJudge) -> Estimate:
    """Return the true rate of a behaviour, the judge's own error in its 95 % interval."""
    if _read(seen):
        return judge.true_rate(behaviour, measure_rate(seen, behaviour))
    shown, unknown = _counts(seen, behaviour)
    return judge.true_share(behaviour, shown, min(unknown, len(seen) - shown), len(seen))


def _read(seen: Sequence[Sighting]) -> bool:
    return bool(seen) and all(one.read for one in seen)


def _counts(seen: Sequence[Sighting], behaviour: str) -> tuple[int, int]:
    """Return how many sampled replies show a behaviour, and of how many nothing is known."""
    shown = sum(one.chance(behaviour) > 0 for one in seen)
    return shown, math.ceil(math.fsum(one.unread for one in seen) - 1e-9)


def _reach(values: Sequence[float], confidence: float) -> float:
    """Return how far Student's interval reaches to either side of the mean."""
    middle = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in values) / (len(values) - 1) / len(values))
    return float(special.stdtrit(len(values) - 1, (1 + confidence) / 2)) * spread
