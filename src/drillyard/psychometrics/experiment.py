"""Old against new, drawn by lot: evidence that may be read after every learner, and how many it takes.

Learners of both arms are paired in the order in which they finished. Under "new is no better" each pair multiplies a
bet by p(old) p(new) / p̄(old) p̄(new), with p̄ the mean of both rates; its expectation is at most 1 for every pair of
true rates on that side (Turner, Ly and Grünwald 2024, for blocks of one and one; the one-sided case follows because the
first factor falls and the second rises with its rate). The evidence is the mean of such bets over a grid of rates: a
test martingale, so it ever reaches 1/α with a chance of at most α (Ville). It depends on four counts of pairs alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import special

from drillyard.errors import bad_input
from drillyard.psychometrics.pairs import log_bets
from drillyard.records import Estimate, Record
from drillyard.stats.comparison import difference
from drillyard.stats.multiple import e_bh

__all__ = ["ADOPT_AT", "RevisionDecision", "Trial", "decide", "detectable", "evidence", "pairs_needed"]

Floats = NDArray[np.float64]

ALPHA, FALSE_DISCOVERY, POWER = 0.05, 0.1, 0.8
ADOPT_AT = 1 / ALPHA
"""Evidence from which one revision may be adopted, or rolled back: a false one in at most one of twenty."""
_STREAMS, _LOOKS, _MOST = 400, 60, 5000


class Trial(Record):
    """What came of both arms of one experiment, in the order of finishing; True is solved.

    `most` is after how many pairs it ends without a result.
    """

    revision: str
    old: tuple[bool, ...]
    new: tuple[bool, ...]
    most: int = Field(default=1000, ge=1)


class RevisionDecision(Record):
    """What an experiment allows to do. `better`, `worse`: e-values that the new form is better, worse.

    `adopt`: give it to everybody; `roll-back`: nobody gets it any more; `end`: no difference was shown in as many
    pairs as were agreed, keep the old one; `collect`: more pairs, about `needed` for the effect so far, 0: unknown.
    """

    revision: str
    action: Literal["adopt", "roll-back", "end", "collect"]
    effect: Estimate
    pairs: int
    better: float
    worse: float
    needed: int
    words: str


def evidence(old: Sequence[bool], new: Sequence[bool]) -> tuple[float, float]:
    """Return the e-values that the new form is better and that it is worse."""
    counts = _counts(old, new)
    return _e_value(counts), _e_value(counts[[0, 2, 1, 3]])


def decide(trials: Sequence[Trial]) -> tuple[RevisionDecision, ...]:
    """Decide on experiments that run side by side.

    One is adopted when its own evidence reaches 20 and it is among the discoveries at a false-discovery rate of 10 %
    (e-BH, Wang and Ramdas 2022, whatever the experiments have in common). Evidence of harm alone rolls a form back.
    """
    measured = [evidence(one.old, one.new) for one in trials]
    found = e_bh([better for better, _ in measured], FALSE_DISCOVERY)
    return tuple(
        _decision(one, better, worse, shown)
        for one, (better, worse), shown in zip(trials, measured, found, strict=True)
    )


def _decision(trial: Trial, better: float, worse: float, discovered: bool) -> RevisionDecision:
    pairs = min(len(trial.old), len(trial.new))
    effect = difference(sum(trial.new), len(trial.new), sum(trial.old), len(trial.old))
    needed = 0
    action: Literal["adopt", "roll-back", "end", "collect"]
    if worse >= ADOPT_AT:
        action, words = "roll-back", f"the new form is worse (e = {worse:.3g})"
    elif better >= ADOPT_AT and discovered:
        action, words = "adopt", f"the new form is better (e = {better:.3g})"
    elif pairs >= trial.most:
        action, words = "end", f"no difference shown in {pairs} pairs; the old form stays"
    else:
        base = sum(trial.old) / len(trial.old) if trial.old else 0.5
        wanted = pairs_needed(base, effect.value) if pairs >= 10 and effect.value > 0 else 0
        needed = max(min(wanted, trial.most) - pairs, 0)
        more = f", about {needed} more pairs if the effect is as seen" if needed else ""
        action, words = "collect", f"not enough evidence (e = {better:.3g} of {ADOPT_AT:g}){more}"
    return RevisionDecision(
        revision=trial.revision,
        action=action,
        effect=effect,
        pairs=pairs,
        better=_finite(better),
        worse=_finite(worse),
        needed=needed,
        words=words,
    )


def pairs_needed(base: float, effect: float, power: float = POWER) -> int:
    """Return how many pairs it takes to adopt a form that raises a rate of `base` by `effect`, as often as `power`.

    By simulation of the very rule, to some 5 %, both rounded to 0.05; 0 where 5000 are not enough. A test that may be
    read only once takes about half.
    """
    if not 0 <= base <= 1 or not 0 < power < 1:
        raise bad_input(f"a rate of {base:g} and a power of {power:g}", "numbers from 0 to 1")
    base, effect = round(20 * base) / 20, round(20 * effect) / 20
    return _simulated(base, effect, power) if effect > 0 and base + effect <= 1 else 0


@functools.cache
def _simulated(base: float, effect: float, power: float) -> int:
    most = min(_MOST, max(50, math.ceil(60 / effect**2)))
    reached = _first_looks(base, base + effect, most)
    return next((look for look, share in reached if share >= power), 0)


def detectable(base: float, pairs: int, power: float = POWER) -> float | None:
    """Return the smallest effect, in steps of 0.05, that so many pairs show as often as `power`; None: not any."""
    for step in range(1, 20):
        effect = 0.05 * step
        if base + effect > 1:
            return None
        if 0 < pairs_needed(base, effect, power) <= pairs:
            return round(effect, 2)
    return None


def _first_looks(old: float, new: float, most: int) -> list[tuple[int, float]]:
    """Return at some looks the share of simulated streams whose evidence has reached the limit by then."""
    chance = np.array([old * new, old * (1 - new), (1 - old) * new, (1 - old) * (1 - new)])
    looks = np.unique(np.geomspace(3, most, _LOOKS).astype(int))
    rng = np.random.default_rng(20261129)
    parts = rng.multinomial(np.diff(looks, prepend=0), chance, size=(_STREAMS, len(looks))).cumsum(axis=1)
    bets = log_bets()
    logs = special.logsumexp(parts @ bets, axis=2) - math.log(bets.shape[1])
    shares = np.maximum.accumulate(logs >= math.log(ADOPT_AT), axis=1).mean(axis=0)
    return list(zip(looks.tolist(), shares.tolist(), strict=True))


def _counts(old: Sequence[bool], new: Sequence[bool]) -> NDArray[np.int64]:
    pairs = min(len(old), len(new))
    first, second = np.asarray(old[:pairs], dtype=bool), np.asarray(new[:pairs], dtype=bool)
    return np.array(
        [(first & second).sum(), (first & ~second).sum(), (~first & second).sum(), (~first & ~second).sum()]
    )


def _e_value(counts: NDArray[np.int64]) -> float:
    logs = counts @ log_bets()
    return math.exp(min(float(special.logsumexp(logs)) - math.log(len(logs)), 690.0))


def _finite(e_value: float) -> float:
    return float(f"{e_value:.4g}")
