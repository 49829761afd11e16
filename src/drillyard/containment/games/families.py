"""Random audit games, with and without a monotone likelihood ratio: what solvers are tried on."""

from __future__ import annotations

import numpy as np

from drillyard.containment.games.bins import AuditGame
from drillyard.containment.games.checks import check_count

__all__ = ["monotone_game", "random_game"]


def random_game(rng: np.random.Generator, bins: int = 6, attacks: int = 4) -> AuditGame:
    """Draw a game without structure: honest work, attacks and damages are all random."""
    check_count("bins", bins)
    check_count("attacks", attacks)
    return AuditGame(
        honest=tuple(rng.dirichlet(np.ones(bins)).tolist()),
        values=tuple(rng.uniform(0.1, 1, attacks).tolist()),
        attacks=tuple(tuple(row) for row in rng.dirichlet(np.full(bins, 0.5), attacks).tolist()),
    )


def monotone_game(rng: np.random.Generator, bins: int = 6, attacks: int = 3) -> AuditGame:
    """Draw a game where every attack is likelier than honest work by a factor that only grows from bin to bin.

    Damages are equal, so the best policy is a threshold (Neyman and Pearson 1933).
    """
    check_count("bins", bins)
    honest = rng.dirichlet(np.ones(bins))
    ratios = np.sort(rng.uniform(0, 1, (check_count("attacks", attacks), bins)), axis=1)
    drawn = honest * ratios
    return AuditGame(
        honest=tuple(honest.tolist()),
        values=(1.0,) * attacks,
        attacks=tuple(tuple(row) for row in (drawn / drawn.sum(axis=1, keepdims=True)).tolist()),
    )
