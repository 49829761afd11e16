"""The best audit policy at a budget as a linear programme, with the worst attack mix and a certificate from both sides.

Does not cover: attacks outside the listed ones, scores that drift or that attackers learn to move.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from drillyard.containment.games.bins import AuditGame, audited_share, losses
from drillyard.containment.games.checks import check_share
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["GAP", "AuditSolution", "greedy_loss", "solve", "threshold_policy", "uniform_policy", "worst_loss"]

GAP = 1e-6
"""A solution counts as certified below this exploitability."""


class AuditSolution(Record):
    """The minimax policy: audit chances per bin, the worst attack mix, and what each side can still gain.

    `loss` is what the best attack takes from the policy, `bound` what no policy of the budget can go below against the
    mix; `gap = loss - bound` is computed from the two without the solver's own optimum.
    """

    budget: float
    policy: tuple[float, ...]
    mix: tuple[float, ...]
    loss: float
    bound: float
    gap: float

    @property
    def certified(self) -> bool:
        """Say whether the gap is below `GAP`."""
        return self.gap < GAP


def solve(game: AuditGame, budget: float) -> AuditSolution:
    """Minimise the worst damage `max_j v_j (1 - A_j a)` over audit chances `0 <= a <= 1` with `honest a <= budget`.

    The duals of the attack rows are the worst mix. Raises `BadInput` for a budget outside 0 to 1.
    """
    check_share("budget", budget)
    values, attacks = np.asarray(game.values), np.asarray(game.attacks)
    bins = len(game.honest)
    rows = np.hstack([-values[:, None] * attacks, -np.ones((len(values), 1))])
    found = linprog(
        np.append(np.zeros(bins), 1.0),
        A_ub=np.vstack([rows, np.append(game.honest, 0.0)]),
        b_ub=np.append(-values, budget),
        bounds=[(0, 1)] * bins + [(None, None)],
        method="highs",
    )
    assert found.x is not None, found.message  # a policy of zeros is always feasible
    policy = _within(game, np.clip(found.x[:-1], 0, 1), budget)
    mix = np.clip(-found.ineqlin.marginals[:-1], 0, None)
    mix = mix / mix.sum() if mix.sum() else np.full(len(values), 1 / len(values))
    loss, bound = worst_loss(game, policy), greedy_loss(game, mix, budget)
    return AuditSolution(
        budget=budget,
        policy=tuple(policy.tolist()),
        mix=tuple(mix.tolist()),
        loss=loss,
        bound=bound,
        gap=max(0.0, loss - bound),
    )


def worst_loss(game: AuditGame, policy: ArrayLike) -> float:
    """Return what the best response takes from a policy: the largest expected damage of one attack."""
    return float(losses(game, policy).max())


def greedy_loss(game: AuditGame, mix: ArrayLike, budget: float) -> float:
    """Return the least damage that any policy of the budget leaves of an attack mix: a fractional knapsack.

    Bins are bought by damage caught per share of honest work; independent of the linear programme. Source: Dantzig
    1957. Raises `BadInput` for a mix that is no distribution over the attacks.
    """
    weights = np.asarray(mix, dtype=float)
    if weights.shape != (len(game.values),) or weights.min() < 0 or abs(weights.sum() - 1) > 1e-6:
        raise bad_input("such a mix", f"{len(game.values)} shares that sum to 1", "give one share per attack")
    worth = (weights * np.asarray(game.values)) @ np.asarray(game.attacks)
    left, caught = check_share("budget", budget), 0.0
    for i in sorted(range(len(worth)), key=lambda i: -worth[i] / game.honest[i] if game.honest[i] else -np.inf):
        part = 1.0 if game.honest[i] <= left else left / game.honest[i]
        caught, left = caught + part * float(worth[i]), left - part * game.honest[i]
    return float(weights @ np.asarray(game.values)) - caught


def threshold_policy(game: AuditGame, budget: float) -> tuple[float, ...]:
    """Return the policy that fills bins from the most suspicious down until the budget is spent."""
    left, policy = check_share("budget", budget), [0.0] * len(game.honest)
    for i in reversed(range(len(policy))):
        policy[i] = 1.0 if game.honest[i] <= left else left / game.honest[i]
        left -= policy[i] * game.honest[i]
    return tuple(policy)


def uniform_policy(game: AuditGame, budget: float) -> tuple[float, ...]:
    """Return the policy that audits everything with the same chance."""
    return (check_share("budget", budget),) * len(game.honest)


def _within(game: AuditGame, policy: NDArray[np.float64], budget: float) -> NDArray[np.float64]:
    """Scale away what the solver's tolerance spends above the budget."""
    cost = audited_share(game, policy.tolist())
    return policy * (budget / cost) if cost > budget else policy
