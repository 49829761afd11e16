"""Formulas of investing in safety that others use, each with its source, and the flaw where it has one."""

from __future__ import annotations

import math

from scipy import special

from drillyard.errors import bad_input

__all__ = ["annuity", "binomial_option", "black_scholes", "gordon_loeb", "payback_months", "rosi", "routing_tax"]


def annuity(rate: float, years: int) -> float:
    """Return what one a year, at the end of each of so many years, is worth today."""
    return float(years) if rate == 0 else float((1 - (1 + rate) ** -years) / rate)


def rosi(reduction: float, cost: float) -> float:
    """Return the return on security investment (reduction − cost)/cost, as ENISA tells it (2012).

    Its flaw: the reduction counts as certain, one year as all years, and nothing is said of the tail.
    """
    if cost <= 0:
        raise bad_input(f"a cost of {cost:g}", "one above 0: without a cost there is no return on it")
    return (reduction - cost) / cost


def payback_months(once: float, yearly_net: float) -> float:
    """Return after how many months what was paid once has come back; infinite where it never does."""
    return math.inf if yearly_net <= 0 and once > 0 else 12 * once / yearly_net if once > 0 else 0.0


def routing_tax(shares: tuple[float, ...], costs: tuple[float, ...]) -> float:
    """Return the compute tax Σ pᵢ cᵢ − 1 of sending shares of the traffic to what costs so many times a plain reply."""
    if not math.isclose(sum(shares), 1.0):
        raise bad_input(f"shares that add up to {sum(shares):g}", "1")
    return math.fsum(p * c for p, c in zip(shares, costs, strict=True)) - 1


def gordon_loeb(vulnerability: float, loss: float, a: float, b: float) -> float:
    """Return the best spend for breach probability v/(a z + 1)^b (Gordon and Loeb 2002, class I); at most v L/e."""
    best = ((vulnerability * b * a * loss) ** (1 / (b + 1)) - 1) / a
    return max(float(best), 0.0)


def black_scholes(value: float, cost: float, years: float, rate: float, volatility: float, lost: float = 0.0) -> float:
    """Return a European call: the right to pay `cost` for `value` after so many years.

    Args:
        value: of the project today.
        cost: of starting it.
        years: until one must decide.
        rate: continuous, without risk.
        volatility: of ln value in a year.
        lost: share of the value that waiting loses in a year, continuous.
    """
    if years <= 0 or volatility <= 0:
        return max(value * math.exp(-lost * years) - cost * math.exp(-rate * years), 0.0)
    sd = volatility * math.sqrt(years)
    up = (math.log(value / cost) + (rate - lost + volatility**2 / 2) * years) / sd
    kept, paid = value * math.exp(-lost * years), cost * math.exp(-rate * years)
    return float(kept * special.ndtr(up) - paid * special.ndtr(up - sd))


def binomial_option(
    value: float, cost: float, years: float, rate: float, volatility: float, lost: float = 0.0, *,
    steps: int = 500, early: bool = True,
) -> float:  # fmt: skip
    """Return the same on a tree (Cox, Ross and Rubinstein 1979), where one may start `early`: the right to defer."""
    if years <= 0 or volatility <= 0:
        now = max(value - cost, 0.0) if early else 0.0
        return max(now, black_scholes(value, cost, years, rate, 0.0, lost))
    time = years / steps
    up = math.exp(volatility * math.sqrt(time))
    chance = (math.exp((rate - lost) * time) - 1 / up) / (up - 1 / up)
    if not 0 <= chance <= 1:
        raise bad_input(f"volatility {volatility:g} in {steps} steps", "a tree with chances", "take more steps")
    at = [value * up ** (2 * i - steps) for i in range(steps + 1)]
    worth = [max(one - cost, 0.0) for one in at]
    for step in range(steps - 1, -1, -1):
        held = [math.exp(-rate * time) * (chance * worth[i + 1] + (1 - chance) * worth[i]) for i in range(step + 1)]
        worth = [max(h, value * up ** (2 * i - step) - cost) if early else h for i, h in enumerate(held)]
    return worth[0]
