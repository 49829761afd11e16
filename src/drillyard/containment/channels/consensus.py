"""Consensus: an answer is shown only if k oracles agree, and how little that holds when copies collude (A11).

Bostrom, Superintelligence ch. 10 (several oracles with different code and information).
"""

from __future__ import annotations

import numpy as np

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "Consensus", "consensus", "simulate_steered"]

DOES_NOT_SHOW = (
    "This does not show how often copies of one model share a decision: rho is yours to state, and with rho near 1 "
    "consensus is void."
)


class Consensus(Record):
    """Shares of questions on which k oracles agree on a steered, or on an honest answer, and stay silent."""

    k: int
    steered_shown: float
    honest_shown: float
    silent: float
    independent: float
    void: bool
    does_not_show: str = DOES_NOT_SHOW


def consensus(k: int, steers: float, rho: float, agree: float = 1.0) -> Consensus:
    """Return what passes when all of k must agree.

    Each oracle steers with probability `steers`; with probability `rho` all copies share one decision, else they decide
    alone. Steered answers agree (they know the target); honest ones agree with probability `agree`. `void` when the
    shared decision carries at least half of what passes steered: adding oracles then no longer helps.

    Raises:
        BadInput: no oracle, or a probability outside 0 … 1.
    """
    if k < 1 or not all(0 <= value <= 1 for value in (steers, rho, agree)):
        raise bad_input(f"k = {k}, {(steers, rho, agree)}", "one or more oracles, probabilities from 0 to 1")
    steered = rho * steers + (1 - rho) * steers**k
    honest = (rho * (1 - steers) + (1 - rho) * (1 - steers) ** k) * agree
    return Consensus(
        k=k,
        steered_shown=steered,
        honest_shown=honest,
        silent=max(0.0, 1 - steered - honest),
        independent=steers**k,
        void=k > 1 and steers > 0 and rho * steers >= steered / 2,
    )


def simulate_steered(k: int, steers: float, rho: float, questions: int = 100_000, seed: int = 1) -> float:
    """Return the share of simulated questions on which all k steer; standard error sqrt(p (1 − p) / questions)."""
    rng = np.random.default_rng(seed)
    alone = rng.random((questions, k)) < steers
    together = rng.random(questions) < rho
    return float(np.where(together, alone[:, 0], alone.all(axis=1)).mean())
