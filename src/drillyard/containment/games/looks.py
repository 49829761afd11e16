"""How many audits a sequential test needs on average before it decides between two rates of attack."""

from __future__ import annotations

import math

from drillyard.errors import bad_input

__all__ = ["expected_looks"]


def expected_looks(low: float, high: float, alpha: float, beta: float) -> tuple[float, float]:
    """Return Wald's approximate expected observations when the rate is low, and when it is high.

    `alpha` is the chance of saying high at the low rate, `beta` of saying low at the high one; overshoot is left out,
    so `drillyard.stats.Sprt` takes more. Source: Wald 1945. Raises `BadInput` for rates or errors out of order.
    """
    if not (0 < low < high < 1 and 0 < alpha < 0.5 and 0 < beta < 0.5):
        found = f"rates {low!r}, {high!r} and errors {alpha!r}, {beta!r}"
        raise bad_input(found, "0 < low < high < 1 and errors between 0 and 0.5", "give others")
    up, down = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    hit, miss = math.log(high / low), math.log((1 - high) / (1 - low))
    at_low = (alpha * up + (1 - alpha) * down) / (low * hit + (1 - low) * miss)
    at_high = ((1 - beta) * up + beta * down) / (high * hit + (1 - high) * miss)
    return at_low, at_high
