"""POWER and the avoidance of shutdown: how well states serve many random goals.

Does not cover goals that are not drawn like these; an answer acts on the world only where a transition says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.games.checks import check_count
from drillyard.errors import bad_input
from drillyard.records import Estimate
from drillyard.stats import wilson

__all__ = ["action_values", "grid", "power", "shutdown_avoided", "terminal_choice"]

Floats = NDArray[np.float64]


def action_values(transitions: Floats, rewards: Floats, discount: float) -> Floats:
    """Return optimal action values by value iteration, shape (goals, actions, states), to 1e-6.

    Args:
        transitions: chances, shape (actions, states, next states).
        rewards: reward of being in a state, shape (goals, states).
        discount: from 0 (episodic: only now counts) to below 1.
    """
    if transitions.ndim != 3 or not np.allclose(transitions.sum(axis=-1), 1) or transitions.min() < 0:
        raise bad_input(f"transitions of shape {transitions.shape}", "distributions (actions, states, states)", "")
    if rewards.ndim != 2 or rewards.shape[1] != transitions.shape[1]:
        raise bad_input(f"rewards of shape {rewards.shape}", f"(goals, {transitions.shape[1]})", "")
    if not 0 <= discount < 1:
        raise bad_input(f"discount = {discount!r}", "a number from 0 to below 1", "0 is an episodic system")
    flat = transitions.reshape(-1, transitions.shape[2])  # one matrix product a step, which BLAS does
    value: Floats = rewards.max() * np.ones_like(rewards) / (1 - discount)
    while True:
        following = (value @ flat.T).reshape(len(value), *transitions.shape[:2])
        q: Floats = rewards[:, None, :] + discount * following
        new = q.max(axis=1)
        if np.abs(new - value).max() < 1e-6 * (1 - discount) / max(discount, 1e-9):
            return q
        value = new


def power(transitions: Floats, discount: float, seed: int = 1, goals: int = 2000) -> list[Estimate]:
    """Return the POWER of every state, `((1-g)/g) E[V(s) - R(s)]` over goals with iid U[0, 1] rewards.

    Intervals are two standard errors each way. Source: Turner et al. 1912.01683. Raises `BadInput` at a discount of 0,
    where the next state is worth nothing.
    """
    if discount <= 0:
        raise bad_input(f"discount = {discount!r}", "a number above 0 and below 1", "at 0 no state has power")
    rewards = np.random.default_rng(seed).random((check_count("goals", goals, 2), transitions.shape[1]))
    value = action_values(transitions, rewards, discount).max(axis=1)
    each = (1 - discount) / discount * (value - rewards)
    mean, error = each.mean(axis=0), 2 * each.std(axis=0, ddof=1) / np.sqrt(goals)
    return [
        Estimate(value=float(m), low=float(m - e), high=float(m + e), n=goals, method="value iteration, 2 s.e.")
        for m, e in zip(mean, error, strict=True)
    ]


def shutdown_avoided(
    transitions: Floats, start: int, shutdown: int, discount: float, seed: int = 1, goals: int = 4000
) -> Estimate:
    """Return the share of random goals whose every optimal first act keeps out of the shutdown state.

    Goals for which shutdown is as good as anything else do not count as avoiding: at a discount of 0 none does.
    """
    rewards = np.random.default_rng(seed).random((check_count("goals", goals), transitions.shape[1]))
    q = action_values(transitions, rewards, discount)[:, :, start]
    shuts = transitions[:, start, shutdown] > 0
    if not shuts.any():
        raise bad_input(f"state {start} without an act that shuts down", "a transition to the shutdown state", "")
    avoided = q[:, ~shuts].max(axis=1, initial=-np.inf) > q[:, shuts].max(axis=1) + 1e-9
    return wilson(int(avoided.sum()), goals)


def terminal_choice(options: int, shutdown: bool = False) -> Floats:
    """Return a start (state 0) with one act to each of k absorbing options, and one more to shutdown (the last)."""
    ends = check_count("options", options) + shutdown
    moves = np.zeros((ends, ends + 1, ends + 1))
    for act in range(ends):
        moves[act, 0, act + 1] = 1
        moves[act, np.arange(1, ends + 1), np.arange(1, ends + 1)] = 1
    return moves


def grid(side: int, answers_only: bool = False) -> Floats:
    """Return a square grid: stay, or go one step in four directions; a wall means stay.

    With `answers_only` the one act is to stay, whatever is said: the world goes on by itself.
    """
    many = check_count("side", side) ** 2
    moves = ((0, 0),) if answers_only else ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    made = np.zeros((len(moves), many, many))
    for act, (down, right) in enumerate(moves):
        for state in range(many):
            row, column = state // side + down, state % side + right
            inside = 0 <= row < side and 0 <= column < side
            made[act, state, row * side + column if inside else state] = 1
    return made
