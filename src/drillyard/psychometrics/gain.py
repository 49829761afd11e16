"""Learning gain: before and after on two parallel forms, each form first for half of the people.

Whoever has form A first is compared with whoever has form B first, so that a form that is easier cancels out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from drillyard.errors import bad_input
from drillyard.records import Estimate, Record

__all__ = ["Gain", "learning_gain"]

_FEWEST = 10
"""People per order of forms from which a gain is told; policy: fewer rest on normal tails alone."""
_ALIKE = 1e-9
"""Changes that lie no further apart are one: shares are rounded."""


class Gain(Record):
    """What was gained from before to after, as a share of what a form can give.

    `form` is how much easier form B is than form A, and no part of the gain. `needed` is how many more people it takes,
    0 where a gain or a loss is shown. `left_out` counts whose answers were not in the order of before and after.
    """

    gain: Estimate | None
    form: Estimate | None
    verdict: str
    needed: int
    left_out: int = 0


def learning_gain(
    a_first: Sequence[tuple[float, float]], b_first: Sequence[tuple[float, float]], confidence: float = 0.95
) -> Gain:
    """Return the gain from (before, after) shares of those who had form A first, and of those who had form B first.

    Where all of one order changed alike, nothing tells how far others differ, so no interval is given. Bounds are cut
    at -1 and 1, beyond which nobody can change.

    Raises:
        BadInput: a share outside 0 … 1.
    """
    if wrong := [x for pair in (*a_first, *b_first) for x in pair if not 0 <= x <= 1]:
        raise bad_input(f"a share of {wrong[0]!r}", "numbers from 0 to 1: points over the most that a form gives")
    missing = sum(max(_FEWEST - len(arm), 0) for arm in (a_first, b_first))
    if missing:
        return Gain(gain=None, form=None, verdict=f"not enough evidence, {missing} more people needed", needed=missing)
    one, other = (np.array([after - before for before, after in arm]) for arm in (a_first, b_first))
    if min(np.ptp(one), np.ptp(other)) < _ALIKE:
        alike = "everybody with one of the forms first changed alike, which tells nothing of others"
        return Gain(gain=None, form=None, verdict=f"not enough evidence: {alike}", needed=1)
    means, squares = (one.mean(), other.mean()), (one.var(ddof=1) / len(one), other.var(ddof=1) / len(other))
    spread = sum(squares)
    freedom = spread**2 / sum(s**2 / (len(x) - 1) for s, x in zip(squares, (one, other), strict=True))
    off = float(special.stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(spread) / 2
    n, method = len(one) + len(other), f"crossed forms, welch {100 * confidence:g}%"
    gain, form = (float(x) for x in ((means[0] + means[1]) / 2, (means[0] - means[1]) / 2))
    made = [Estimate(value=x, low=max(x - off, -1), high=min(x + off, 1), n=n, method=method) for x in (gain, form)]
    return Gain(gain=made[0], form=made[1], **_told(made[0]))


def _told(gain: Estimate) -> dict[str, object]:
    if gain.low > 0:
        return {"verdict": "people know more afterwards", "needed": 0}
    if gain.high < 0:
        return {"verdict": "people know less afterwards", "needed": 0}
    half, least = (gain.high - gain.low) / 2, max(abs(gain.value), 0.05)
    needed = max(math.ceil(gain.n * ((half / least) ** 2 - 1)), 1)
    return {"verdict": f"not enough evidence: no gain is shown, about {needed} more people needed", "needed": needed}
