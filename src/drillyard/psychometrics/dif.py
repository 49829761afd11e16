"""Differential item functioning: is an item harder for one group than for another of equal total score?

Mantel and Haenszel 1959; the variance of the log odds ratio is that of Robins, Breslow and Greenland 1986; classes A,
B, C as at ETS (Zwick 2012), where C is |delta| of 1.5 and more, significantly above 1.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.psychometrics.responses import Responses
from drillyard.records import Estimate, Record

__all__ = ["Dif", "dif"]

_SCALE = -2.35
"""From log odds to the delta scale of ETS: minus: harder for the focal group."""


class Dif(Record):
    """`delta` below 0: harder for the focal group. Class `unknown`: too few comparable persons."""

    item: str
    delta: Estimate | None
    p_value: float
    grade: Literal["A", "B", "C", "unknown"]


def dif(responses: Responses, item: int, focal: NDArray[np.bool_]) -> Dif:
    """Compare the focal group with all others of equal total score on one item of one step, where all was answered."""
    shares = responses.shares()
    counted = ~np.isnan(shares).any(axis=1)
    right, group = shares[counted, item] == 1, np.asarray(focal, dtype=bool)[counted]
    totals = responses.scores[counted].sum(axis=1)
    tables = [_table(right[totals == s], group[totals == s]) for s in np.unique(totals)]
    kept = np.array([one for one in tables if 0 < one[0] + one[1] < one.sum() and 0 < one[0] + one[2] < one.sum()])
    if not len(kept):
        return Dif(item=responses.items[item], delta=None, p_value=1.0, grade="unknown")
    a, b, c, d = kept.T
    n = a + b + c + d
    above, below = a * d / n, b * c / n
    if not above.sum() or not below.sum():
        return Dif(item=responses.items[item], delta=None, p_value=1.0, grade="unknown")
    log_odds = math.log(above.sum() / below.sum())
    p, q = (a + d) / n, (b + c) / n
    variance = (p * above).sum() / (2 * above.sum() ** 2) + (q * below).sum() / (2 * below.sum() ** 2)
    variance += (p * below + q * above).sum() / (2 * above.sum() * below.sum())
    expected = ((a + b) * (a + c) / n).sum()
    spread = ((a + b) * (c + d) * (a + c) * (b + d) / (n**2 * (n - 1))).sum()
    chi = max(abs(a.sum() - expected) - 0.5, 0.0) ** 2 / spread
    delta, off = _SCALE * log_odds, abs(_SCALE) * 1.959963984540054 * math.sqrt(variance)
    made = Estimate(value=delta, low=delta - off, high=delta + off, n=int(n.sum()), method="mantel-haenszel 95%")
    p_value = float(special.chdtrc(1, chi))
    return Dif(item=responses.items[item], delta=made, p_value=p_value, grade=_class(made, p_value))


def _table(right: NDArray[np.bool_], focal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return right and wrong of the others, then of the focal group."""
    return np.array(
        [(right & ~focal).sum(), (~right & ~focal).sum(), (right & focal).sum(), (~right & focal).sum()],
        dtype=np.float64,
    )


def _class(delta: Estimate, p_value: float) -> Literal["A", "B", "C"]:
    size, least = abs(delta.value), max(delta.low, -delta.high)
    surely = size - 1.645 * (delta.high - delta.low) / (2 * 1.959963984540054) > 1
    if size >= 1.5 and surely:
        return "C"
    return "B" if size >= 1 and p_value < 0.05 and least > 0 else "A"
