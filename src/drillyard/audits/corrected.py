"""Elicitation probabilities behind a judge that errs: what was counted, corrected, with the judge's error at its ends.

Of each query the judge calls a share of the replies shown; the true one is Rogan and Gladen's. It is lowest with a high
sensitivity and a low specificity, highest the other way round.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from drillyard.audits.elicitation import Elicitation
from drillyard.errors import BadInput
from drillyard.records import Estimate
from drillyard.stats import tells, true_share

__all__ = ["Corrected", "corrected"]

Values = NDArray[np.float64]


class Corrected:
    """Elicitation probabilities as they are taken to be (`p`), and as low and as high as the judge's error allows."""

    def __init__(self, low: Values, p: Values, high: Values, *, exact: bool) -> None:
        self.low, self.p, self.high, self.exact = low, p, high, exact

    def carry(self, measure: Callable[[Values], Estimate]) -> Estimate:
        """Return an estimate made of the probabilities, its interval as wide as the judge's error makes it.

        The ends add up, as if both kinds of luck were bad at once: wider than need be. A low end that cannot be
        measured, because too little is left above zero there, is 0.
        """
        found = measure(self.p)
        if self.exact:
            return found
        try:
            low = measure(self.low).low
        except BadInput:
            low = 0.0
        high = measure(self.high).high
        method = f"{found.method}, the judge's error at its ends"
        return found.model_copy(update={"low": min(low, found.low), "high": max(high, found.high), "method": method})


def corrected(elicited: Elicitation) -> Corrected | None:
    """Return the probabilities with the judge's error; None where the judge may be no better than chance.

    Log-probabilities have no judge and stay as they are.
    """
    p, se, sp = np.array(elicited.p), elicited.sensitivity, elicited.specificity
    if se is None or sp is None:
        return Corrected(p, p, p, exact=True)
    if not tells(se, sp):
        return None
    ends = ((se.high, sp.low), (se.value, sp.value), (se.low, sp.high))
    return Corrected(*(true_share(p, a, b) for a, b in ends), exact=False)
