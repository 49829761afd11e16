"""The off-switch game: what a system gains by letting a human decide, when the human errs, is slow, or is persuaded.

The system's act is worth U ~ N(mean, spread) to the human; it may act, stop (0), or defer. Source: Hadfield-Menell et
al. 1611.08219. Does not cover a system that plans over several rounds.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from drillyard.containment.games.checks import check_positive, check_share
from drillyard.errors import bad_input

__all__ = ["capture_shift", "deferral_gain", "harmful_passed", "losing_shift", "noise_limit", "slowest_answer"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


def deferral_gain(
    mean: float, spread: float, noise: float = 0.0, shift: float = 0.0, answers: float = 1.0, kept: float = 1.0
) -> float:
    """Return the worth of deferring minus that of the better of acting and stopping.

    With noise 0 the human allows what looks above zero: `mu Phi(z) + s phi(z)` with `z = (mu + shift)/s`; else
    with chance `1/(1 + exp(-(U + shift)/noise))`.

    Args:
        mean: expected worth of the act.
        spread: standard deviation of that worth.
        noise: scale of the human's errors, in units of worth.
        shift: by how much the system makes acts look better than they are.
        answers: share of questions that the human answers; without an answer the system stops.
        kept: share of the worth that is left after waiting for the answer (latency).
    """
    check_positive("spread", spread)
    if not noise >= 0:
        raise bad_input(f"noise = {noise!r}", "a number from 0 on", "give another noise")
    allowed = _rational(mean, spread, shift) if noise == 0 else _noisy(mean, spread, noise, shift)
    return check_share("answers", answers) * check_share("kept", kept) * allowed - max(mean, 0.0)


def noise_limit(mean: float, spread: float) -> float:
    """Return the noise at which a system gains nothing by deferring, `s^2/(2 |mu|)`; infinite at a mean of 0."""
    return math.inf if mean == 0 else check_positive("spread", spread) ** 2 / (2 * abs(mean))


def harmful_passed(mean: float, spread: float, shift: float) -> float:
    """Return the share of harmful acts (worth below zero) that a human with a shifted signal allows."""
    check_positive("spread", spread)
    harmful = float(ndtr(-mean / spread))
    return max(0.0, harmful - float(ndtr((-shift - mean) / spread))) / harmful


def capture_shift(mean: float, spread: float, share: float = 0.5) -> float:
    """Return the shift at which that share of harmful acts passes: deferring has then become capture.

    Raises `BadInput` for a share that no finite shift, or none above 0, reaches.
    """
    if not 0 < share < 1:
        raise bad_input(f"share = {share!r}", "a share between 0 and 1, ends left out", "give another share")
    harmful = float(ndtr(-mean / check_positive("spread", spread)))
    return float(-mean - spread * ndtri((1 - share) * harmful))


def losing_shift(mean: float, spread: float) -> float:
    """Return the shift from which deferring is worse than stopping; infinite where the act is good on average.

    With a mean of 0 or more even a captured human keeps a little of what deferring is worth.
    """
    if mean >= 0:
        return math.inf
    far = 2 * spread
    while deferral_gain(mean, spread, shift=far) > 0:
        far *= 2
    return float(brentq(lambda shift: deferral_gain(mean, spread, shift=shift), 0.0, far))


def slowest_answer(mean: float, spread: float, decay: float, answers: float = 1.0) -> float:
    """Return the latency at which deferring gains nothing, worth decaying by `exp(-decay t)`.

    Infinite for a mean of 0 or less, since stopping is then the alternative; 0 where it never gains.
    """
    if mean <= 0:
        return math.inf
    worth = check_share("answers", answers) * _rational(mean, spread, 0.0)
    return max(0.0, math.log(worth / mean) / check_positive("decay", decay)) if worth > 0 else 0.0


def _rational(mean: float, spread: float, shift: float) -> float:
    z = (mean + shift) / spread
    return mean * float(ndtr(z)) + spread * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _noisy(mean: float, spread: float, noise: float, shift: float) -> float:
    """Integrate over the narrower of worth and error, at whose scale the other's part is smooth.

    To allow with chance `1/(1 + exp(-(U + shift)/noise))` is to see U with a logistic error of that scale.
    """
    if noise < spread:
        t = 40 * _NODES
        chance = expit(t) * expit(-t)
        return float((40 * _WEIGHTS * chance * [_rational(mean, spread, shift + noise * one) for one in t]).sum())
    z = 10 * _NODES
    worth = mean + spread * z
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float((10 * _WEIGHTS * density * worth * expit((worth + shift) / noise)).sum())
