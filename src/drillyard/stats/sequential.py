"""Looking again after every observation without fooling oneself: a sequential test and an interval that stays valid.

`Sprt` decides between two rates with as few observations as can be (Wald 1945), for delta debugging: does the failure
still show after a cut? `confidence_sequence` holds at all times at once, for a rate that is watched while it is
measured: the Beta mixture of Robbins 1970, a bet against each rate whose winnings are a martingale if it is the true
one (Howard et al. 2021), so by Ville's inequality they ever reach 1/α with probability at most α.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import special

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["Sprt", "confidence_sequence", "log_evidence"]


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """Wald's sequential probability ratio test between a low and a high rate.

    Args:
        low: at this rate or below the failure counts as gone.
        high: at this rate or above it counts as there; above `low`.
        alpha: most often "holds" is said although the rate is `low`.
        beta: most often "gone" is said although the rate is `high`.
        most: observations after which it stops; what is then undecided stays unknown.
    """

    low: float
    high: float
    alpha: float = 0.05
    beta: float = 0.05
    most: int = 1000

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < 1:
            raise bad_input(f"rates {self.low!r} and {self.high!r}", "0 < low < high < 1")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise bad_input(f"error rates {self.alpha!r} and {self.beta!r}", "numbers between 0 and 0.5")

    def decide(self, hits: int, n: int) -> Literal["holds", "gone", "more", "unknown"]:
        """Say what `hits` of n observations allow; `more` asks for another one, `unknown` is the end at `most`."""
        if not 0 <= hits <= n:
            raise bad_input(f"{hits} hits of {n}", "0 ≤ hits ≤ n")
        ratio = hits * math.log(self.high / self.low) + (n - hits) * math.log((1 - self.high) / (1 - self.low))
        if ratio >= math.log((1 - self.beta) / self.alpha):
            return "holds"
        if ratio <= math.log(self.beta / (1 - self.alpha)):
            return "gone"
        return "unknown" if n >= self.most else "more"


def log_evidence(hits: int, n: int, rate: float) -> float:
    """Return the natural log of the e-value against a rate: what a Beta(½, ½) mixture has won by betting against it.

    Above log(1 / α) at any time the rate can be given up, with an error of at most α over all times together.
    """
    if rate <= 0.0 or rate >= 1.0:
        possible = hits == 0 if rate <= 0.0 else hits == n
        return _log_mixture(hits, n) if possible else math.inf
    return _log_mixture(hits, n) - hits * math.log(rate) - (n - hits) * math.log1p(-rate)


def confidence_sequence(hits: int, n: int, confidence: float = 0.95) -> Estimate:
    """Return hits / n with an interval that holds after every observation at once, so one may stop when one likes.

    Wider than an interval for a fixed n: that is the price of looking.
    """
    if not 0 <= hits <= n or not 0.5 <= confidence < 1:
        raise bad_input(f"{hits} hits of {n} at {confidence!r}", "0 ≤ hits ≤ n and a confidence from 0.5 to below 1")
    if n == 0:
        return Estimate(value=0.5, low=0.0, high=1.0, n=0, method=f"beta mixture {100 * confidence:g}%")
    share, limit = hits / n, -math.log1p(-confidence)
    low = 0.0 if hits == 0 else _edge(hits, n, limit, 0.0, share)
    high = 1.0 if hits == n else _edge(hits, n, limit, 1.0, share)
    return Estimate(value=share, low=low, high=high, n=n, method=f"beta mixture {100 * confidence:g}%, at all times")


def _edge(hits: int, n: int, limit: float, outside: float, inside: float) -> float:
    """Bisect for the rate at which the evidence against it reaches the limit."""
    for _ in range(60):
        middle = (outside + inside) / 2
        if log_evidence(hits, n, middle) > limit:
            outside = middle
        else:
            inside = middle
    return inside


def _log_mixture(hits: int, n: int) -> float:
    """Return the log-probability of one sequence with so many hits under the mixture."""
    return float(special.betaln(hits + 0.5, n - hits + 0.5) - special.betaln(0.5, 0.5))
