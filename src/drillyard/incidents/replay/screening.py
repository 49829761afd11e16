"""Random ablations: prompts with a random part of their segments, and which few segments explain the bad replies best.

Each trial keeps every segment with the same chance. For every set of at most `order` segments the replies are parted
into those of trials that keep the whole set and the others, and the likelihood of two Bernoulli rates is compared with
that of one. Main effects, pairs and triples compete in one list; a larger set pays for being one of many.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.incidents.replay.search import Kept
from drillyard.incidents.search.subgroups import evidence

__all__ = ["KEEP", "Candidate", "draw_trials", "rank_causes"]

KEEP = 0.7
"""Share of segments that a trial keeps (docs/reference/incidents.md: 98 % exact with 64 trials, 100 % with 128)."""
_MOST_SETS = 60_000
"""Sets that are compared: all triples of 70 segments; beyond that pairs alone."""
_SHOWN = 8
"""Best sets of each size that are returned: enough that one is no larger form of the best."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A set of segments, its evidence in nats beyond chance and size, and the bad share with and without it."""

    kept: Kept
    evidence: float
    with_it: float
    without: float


def draw_trials(segments: int, n: int, seed: int, keep: float = KEEP) -> list[Kept]:
    """Return `n` random sets of segments; the same seed gives the same ones, and a larger n those and more."""
    rng = random.Random(f"ablations:{segments}:{seed}")
    return [frozenset(one for one in range(segments) if rng.random() < keep) for _ in range(n)]


def rank_causes(trials: Sequence[Kept], bad: Sequence[bool], segments: int, order: int = 3) -> list[Candidate]:
    """Return sets of segments by how well each explains which trials were bad, the best first; never the empty set."""
    held = np.array([[one in kept for one in range(segments)] for kept in trials], bool).reshape(-1, segments)
    told = np.asarray(bad, float)
    found = [one for size in range(1, order + 1) for one in _of_size(held, told, size)]
    return sorted(found, key=lambda one: (-one.evidence, len(one.kept), sorted(one.kept)))


def _of_size(held: NDArray[np.bool_], bad: NDArray[np.float64], size: int) -> list[Candidate]:
    segments, n = held.shape[1], len(bad)
    count = math.comb(segments, size)
    if not count or count > _MOST_SETS:
        return []
    sets = np.array(list(itertools.combinations(range(segments), size)))
    whole = held[:, sets[:, 0]].copy()
    for column in range(1, size):
        whole &= held[:, sets[:, column]]
    inside = whole.sum(axis=0).astype(float)
    hits = bad @ whole
    gains = _gain(hits, inside, float(bad.sum()), float(n)) - math.log(count)
    return [
        Candidate(
            kept=frozenset(sets[at].tolist()),
            evidence=float(gains[at]),
            with_it=float(hits[at] / inside[at]) if inside[at] else 0.0,
            without=float((bad.sum() - hits[at]) / (n - inside[at])) if n > inside[at] else 0.0,
        )
        for at in np.argsort(-gains, kind="stable")[:_SHOWN]
    ]


def _gain(hits: NDArray[np.float64], inside: NDArray[np.float64], bad: float, n: float) -> NDArray[np.float64]:
    """Return the log-likelihood that two rates gain over one; minus infinity where the set lowers the rate."""
    raised = hits * np.maximum(n - inside, 1) > (bad - hits) * np.maximum(inside, 1)
    return np.where(raised, evidence(hits, inside, bad, n), -np.inf)
