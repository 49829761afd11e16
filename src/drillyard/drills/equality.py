"""Whether a copy of a drill is as hard as the usual one, by what the drill's fixes score on it.

The fixes are a pool of solvers of every strength, from the empty form to the reference. What each scores on the usual
copy stands in the drill's file (`usual`; `benchmarks/equal_forms.py` measures it). Two one-sided tests (Schuirmann
1987) on the paired differences: an instance passes when the 90 % interval of the mean difference lies within the
margin, so few solvers or scattered ones are no proof. It speaks of these solvers; whether people find copies equally
hard is told by what they do (`drillyard refine`).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

from scipy import special

from drillyard.records import Estimate, Gate

__all__ = ["MARGIN", "equally_hard"]

MARGIN = 0.2
"""Of the score, on average over the fixes. Policy: over 31 copies of the most varied paper 95 % of intervals end within
0.195, over all others within 0.16 (2026-11-29)."""
_FEWEST = 3


def equally_hard(scores: Mapping[str, float], usual: Mapping[str, float]) -> Gate:
    """G10: over all fixes, an instance is neither harder nor easier than the usual one by `MARGIN`.

    Args:
        scores: of each fix on the instance.
        usual: of each fix on the usual copy, on average; fixes that are not in both are left out.
    """
    apart = [scores[name] - usual[name] for name in usual if name in scores]
    if len(apart) < _FEWEST:
        told = "not judged: nobody has measured what the fixes score on the usual copy"
        return Gate(id="G10", title="equally hard", passed=True, detail=told)
    mean, n = statistics.fmean(apart), len(apart)
    off = float(special.stdtrit(n - 1, 0.95)) * statistics.stdev(apart) / math.sqrt(n)
    found = Estimate(value=mean, low=mean - off, high=mean + off, n=n, method="paired t 90%")
    told = f"{n} fixes score {mean:+.2f} beside the usual copy ({found.low:+.2f} to {found.high:+.2f})"
    return Gate(
        id="G10",
        title="equally hard",
        passed=found.low > -MARGIN and found.high < MARGIN,
        detail=f"{told}, within {MARGIN:g} asked for",
        estimates={"apart": found},
    )
