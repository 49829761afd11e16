"""Weights of leaves from pairwise choices: Bradley and Terry's model, with doubt, and with what does not fit.

Each leaf has a strength; of two leaves a is preferred over b with chance strength a / (strength a + strength b)
(Bradley and Terry 1952). A weak prior (log-strengths are normal with a spread of 2) keeps the fit finite where somebody
always chose the same. Intervals are of 4,000 draws around the peak, from a t distribution with four degrees of freedom,
each weighted by what the posterior gives it (importance sampling): the normal approximation alone is too narrow where
preferences are strong.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.oversight.values.tree import Choice
from drillyard.records import Estimate

__all__ = ["circles", "disagreements", "fit_weights"]

Floats = NDArray[np.float64]
_SPREAD, _DRAWS, _STEPS, _TAIL = 2.0, 4000, 100, 4.0


def fit_weights(leaves: Sequence[str], choices: Sequence[Choice], seed: int = 1) -> dict[str, Estimate]:
    """Return the share that each leaf weighs; `n` counts the choices it was part of. Shares sum to 1."""
    wins = _wins(leaves, choices)
    strength, spread = _peak(wins)
    drawn, trust = _draw(strength, spread, wins, np.random.default_rng(seed))
    shares = _shares(drawn)
    middle = _shares(strength[None, :])[0]
    low, high = np.quantile(shares, (0.025, 0.975), axis=0, weights=trust, method="inverted_cdf")
    part = wins.sum(axis=0) + wins.sum(axis=1)
    return {
        leaf: Estimate(
            value=float(middle[i]),
            low=float(min(low[i], middle[i])),
            high=float(max(high[i], middle[i])),
            n=int(part[i]),
            method="bradley-terry 95%, prior spread 2",
        )
        for i, leaf in enumerate(leaves)
    }


def circles(choices: Sequence[Choice]) -> list[tuple[str, str, str, str]]:
    """Return intransitive triples, of each person and of the majority: who, and a over b over c over a."""
    found = []
    people = {by: [one for one in choices if one.by == by] for by in sorted({one.by for one in choices})}
    if len(people) > 1:
        people["the majority"] = list(choices)
    for by, own in people.items():
        net: Counter[tuple[str, str]] = Counter()
        for one in own:
            net[one.prefers, one.over] += 1
            net[one.over, one.prefers] -= 1
        names = sorted({name for one in own for name in (one.prefers, one.over)})
        for a, b, c in itertools.combinations(names, 3):
            for x, y, z in ((a, b, c), (a, c, b)):
                if net[x, y] > 0 and net[y, z] > 0 and net[z, x] > 0:
                    found.append((by, x, y, z))
    return found


def disagreements(choices: Sequence[Choice]) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Return pairs of leaves about which people differ: who prefers the first, and who the second."""
    sides: dict[tuple[str, str], Counter[str]] = {}
    for one in choices:
        pair = (min(one.prefers, one.over), max(one.prefers, one.over))
        sides.setdefault(pair, Counter())[one.by] += 1 if one.prefers == pair[0] else -1
    found = []
    for (first, second), votes in sorted(sides.items()):
        these = tuple(sorted(by for by, net in votes.items() if net > 0))
        those = tuple(sorted(by for by, net in votes.items() if net < 0))
        if these and those:
            found.append((first, second, these, those))
    return found


def _wins(leaves: Sequence[str], choices: Sequence[Choice]) -> Floats:
    place = {leaf: i for i, leaf in enumerate(leaves)}
    wins = np.zeros((len(leaves), len(leaves)))
    for one in choices:
        wins[place[one.prefers], place[one.over]] += 1
    return wins


def _peak(wins: Floats) -> tuple[Floats, Floats]:
    """Return log-strengths at the peak of the posterior, and their covariance there, by Newton's method."""
    strength = np.zeros(len(wins))
    games = wins + wins.T
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(strength[None, :] - strength[:, None]))
        gradient = (wins - games * chance).sum(axis=1) - strength / _SPREAD**2
        bend = games * chance * (1 - chance)
        curve = np.diag(bend.sum(axis=1) + 1 / _SPREAD**2) - bend
        step = np.linalg.solve(curve, gradient)
        strength = strength + step / max(1.0, float(np.abs(step).max(initial=0.0)))
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return strength, np.asarray(np.linalg.inv(curve), dtype=np.float64)


def _draw(strength: Floats, spread: Floats, wins: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return log-strengths around the peak, (draws, leaves), and how much the posterior gives each, (draws,)."""
    normal = rng.standard_normal((_DRAWS, len(strength)))
    wide = np.sqrt(_TAIL / rng.chisquare(_TAIL, size=(_DRAWS, 1)))
    drawn = strength + normal * wide @ np.linalg.cholesky(spread).T
    proposed = -(_TAIL + len(strength)) / 2 * np.log1p(((normal * wide) ** 2).sum(axis=1) / _TAIL)
    believed = -(drawn**2).sum(axis=1) / (2 * _SPREAD**2)
    for i, j in zip(*np.nonzero(wins), strict=True):
        believed -= wins[i, j] * np.logaddexp(0, drawn[:, j] - drawn[:, i])
    lead = believed - proposed
    return drawn, np.asarray(np.exp(lead - lead.max()))


def _shares(strength: Floats) -> Floats:
    grown = np.exp(strength - strength.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
