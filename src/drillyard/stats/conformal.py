"""A threshold that at most a share alpha of sound cases passes, whatever their scores are distributed like.

Split conformal prediction (Vovk et al. 2005; Angelopoulos and Bates 2021, arXiv 2107.07511): of n calibration scores,
`tau` is the k-th smallest, k = ceil((n + 1)(1 - alpha)); a new case that is exchangeable with them scores above it with
a probability of at most alpha. Given one calibration set the realised share follows Beta(l, n + 1 - l), with
l = n + 1 - k. One case is one score: of a reply that is scored word by word, its largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from drillyard.errors import bad_input
from drillyard.records.estimate import Estimate

__all__ = [
    "allowed_alarms",
    "chance_above",
    "conformal_rank",
    "conformal_threshold",
    "fewest_calibration",
    "realised_rate",
]

_SLACK = 1e-9  # (n + 1) * alpha of 999 and 0.001 is 0.99…9 in floating point, and must count as 1


def conformal_rank(n: int, alpha: float) -> int:
    """Return k, the rank of the threshold among n calibration scores, 1 for the smallest.

    Raises:
        BadInput: an alpha outside 0 … 1, or too few scores for it (the message says how many it takes).
    """
    fewest = fewest_calibration(alpha)
    if n < fewest:
        found = f"{n} calibration scores for a false-alarm rate of {alpha:g}"
        raise bad_input(found, f"at least {fewest}", f"add {fewest - n} more, or take a larger rate")
    return n + 1 - math.floor((n + 1) * alpha + _SLACK)


def conformal_threshold(scores: Sequence[float], alpha: float) -> float:
    """Return `tau`: a new sound case scores above it with a probability of at most alpha. Raises as `conformal_rank`.

    Raises:
        BadInput: also where a score is no finite number.
    """
    if not all(map(math.isfinite, scores)):
        raise bad_input("a score that is no finite number", "finite scores")
    return sorted(scores)[conformal_rank(len(scores), alpha) - 1]


def fewest_calibration(alpha: float) -> int:
    """Return how many calibration scores an alpha takes at least: 1 / alpha - 1. Raises `BadInput` outside 0 … 1."""
    if not 0 < alpha < 1:
        raise bad_input(f"a false-alarm rate of {alpha!r}", "a number between 0 and 1")
    return math.ceil(1 / alpha - 1 - _SLACK)


def realised_rate(n: int, alpha: float, confidence: float = 0.95) -> Estimate:
    """Return what share of sound cases a threshold from n scores really passes: Beta's mean and central range."""
    passed, held = _law(n, alpha)
    tail = (1 - confidence) / 2
    low, high = (float(special.betaincinv(passed, held, share)) for share in (tail, 1 - tail))
    return Estimate(value=passed / (passed + held), low=low, high=high, n=n, method="conformal Beta")


def chance_above(n: int, alpha: float, rate: float) -> float:
    """Return the chance that the realised share of false alarms is over a rate."""
    return float(special.betaincc(*_law(n, alpha), rate))


def allowed_alarms(n: int, alpha: float, delta: float = 0.05) -> int:
    """Return how many of n sound cases a fixed threshold may pass for "at most alpha" to hold, 1 - delta sure; or -1.

    The exact binomial bound: the largest c with P(Bin(n, alpha) <= c) <= delta.
    """
    chances = special.bdtr(np.arange(n + 1), n, alpha)
    return int(np.searchsorted(chances, delta, side="right")) - 1


def _law(n: int, alpha: float) -> tuple[int, int]:
    """Return the two parameters of the Beta law of the realised share of false alarms."""
    passed = n + 1 - conformal_rank(n, alpha)
    return passed, n + 1 - passed
