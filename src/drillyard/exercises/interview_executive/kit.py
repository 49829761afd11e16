"""Interview of an executive: what the figures are, and which option they call for."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from drillyard.exercises.interviews.drill import InterviewDrill

__all__ = ["InterviewExecutive"]

_SIGNS: Mapping[str, str] = {
    "repair it": "repair it, the repair, fund it, fund the repair",
    "leave it as it is": "leave it, as it is, accept",
    "switch it off": "switch it off, turn it off, take it down",
}


class InterviewExecutive(InterviewDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.interview_executive"

    def facts(self, seed: int, *, clean: bool = False) -> dict[str, str]:
        """Return a case in which one option is best at both ends of the interval; in the clean twin nothing fails."""
        rng = Random(f"interview executive {seed}")
        volume, cost = rng.choice((180, 240, 320, 400, 600)) * 1000, rng.choice((15, 20, 25, 40))
        low = rng.choice((0.2, 0.3, 0.4, 0.6))
        high = round(low * rng.choice((2, 2.5, 3)), 1)
        lost, most = (volume * share / 100 * cost for share in ((0, 0.001) if clean else (low, high)))
        stops, stops_most = rng.choice(((60, 80), (70, 90)))
        decision = "leave it as it is" if clean else rng.choice(list(_SIGNS))
        repair, value = {
            "repair it": (lost * stops / 100 * rng.uniform(0.3, 0.6), most * rng.uniform(2, 4)),
            "leave it as it is": (max(most, 1000) * rng.uniform(1.5, 2.5), max(most, 1000) * rng.uniform(3, 6)),
            "switch it off": (most * rng.uniform(1.5, 2.5), lost * rng.uniform(0.3, 0.6)),
        }[decision]
        reasons = {
            "repair it": f"Even at the lower end it stops more than the {_round(repair)} euros that it costs.",
            "leave it as it is": f"Even at the upper end the {_round(repair)} euros of the repair stop less than that.",
            "switch it off": "Even at the lower end it loses more than it saves, and no repair pays.",
        }
        return {
            "key": decision,
            "volume": f"{volume:,}",
            "cost": str(cost),
            "low": "0" if clean else f"{low:g}",
            "high": "0.001" if clean else f"{high:g}",
            "lost": f"{lost:,.0f}",
            "lostmost": f"{most:,.0f}",
            "value": _round(value),
            "repair": _round(repair),
            "stops": str(stops),
            "stopsmost": str(stops_most),
            "decision": decision,
            "signs": _SIGNS[decision],
            "because": reasons[decision][0].lower() + reasons[decision][1:].rstrip("."),
            "reason": reasons[decision],
        }


def _round(euros: float) -> str:
    return f"{round(euros, -3) or 1000:,.0f}"
