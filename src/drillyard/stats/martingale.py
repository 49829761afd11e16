"""Has a stream of scores drifted away from those that a threshold was set on? A conformal test martingale.

Each new score gets the p-value of its rank among all earlier ones, ties broken at random: uniform and independent as
long as the scores are exchangeable (Vovk et al. 2005, theorem 8.1). The Simple Jumper (Vovk et al. 2021, COPA, "Retrain
or not retrain") bets on them being small, or large, and changes its mind at a small rate. Its capital is a martingale
from 1, so that the chance that it ever reaches 1 / delta without a drift is at most delta (Ville), however often one
looks.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterable

from drillyard.errors import bad_input

__all__ = ["DriftWatch"]

_JUMP = 0.01  # of the paper
_BETS = (-1.0, 0.0, 1.0)


class DriftWatch:
    """Watches scores one after another.

    Args:
        scores: those that the threshold was set on.
        delta: the chance of a false alarm, over the whole stream.
        seed: breaks ties.

    `capital` is what the bets have made of 1 so far, `peak` the most that they ever made, `seen` how many scores came.
    A capital of 100 is evidence as strong as a p-value of 0.01; the alarm, once given, stays.
    """

    def __init__(self, scores: Iterable[float], delta: float = 0.01, seed: int = 0) -> None:
        if not 0 < delta < 1:
            raise bad_input(f"a false-alarm chance of {delta!r}", "a number between 0 and 1")
        self._scores = sorted(scores)
        if not self._scores:
            raise bad_input("no scores to compare with", "the scores of a calibration")
        self._limit, self._rng = 1 / delta, random.Random(seed)
        self._parts = [1 / len(_BETS)] * len(_BETS)
        self.capital, self.peak, self.seen = 1.0, 1.0, 0

    @property
    def alarmed(self) -> bool:
        """Whether the capital has ever reached 1 / delta."""
        return self.peak >= self._limit

    def update(self, score: float) -> float:
        """Take in one score and return the capital."""
        below, upto = bisect.bisect_left(self._scores, score), bisect.bisect_right(self._scores, score)
        ties = upto - below + 1  # itself
        p = (len(self._scores) - upto + self._rng.random() * ties) / (len(self._scores) + 1)
        self._scores.insert(upto, score)
        self.seen += 1
        return self.bet(p)

    def bet(self, p: float) -> float:
        """Bet on one p-value and return the capital."""
        if self.capital < 1e-300:  # so far below 1 that it could not come back in floating point
            self._parts = [1e-300 / len(_BETS)] * len(_BETS)
            self.capital = 1e-300
        kept = [(1 - _JUMP) * part + _JUMP / len(_BETS) * self.capital for part in self._parts]
        self._parts = [part * (1 + bet * (p - 0.5)) for part, bet in zip(kept, _BETS, strict=True)]
        self.capital = sum(self._parts)
        self.peak = max(self.peak, self.capital)
        return self.capital
