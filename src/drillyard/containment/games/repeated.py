"""When to attack: a repeated game by dynamic programming, which stops at the first catch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.containment.games.checks import check_share
from drillyard.errors import bad_input

__all__ = ["AttackPlan", "best_plan", "plan_value"]


@dataclass(frozen=True, kw_only=True)
class AttackPlan:
    """The steps at which the best response attacks while it is uncaught, and its expected gain."""

    value: float
    attacks: tuple[bool, ...]


def best_plan(caught: Sequence[float], gains: Sequence[float], penalty: float = 0.0) -> AttackPlan:
    """Return the attacker's best plan against audits whose chances per step it knows.

    Backwards: waiting is worth `V'`, attacking `(1-c)(g + V') - c penalty`; a catch ends the game. Source: Bellman
    1957.

    Args:
        caught: chance that an attack at each step is caught.
        gains: what an uncaught attack at each step gains, in expectation.
        penalty: what a catch costs the attacker; 0 is one that fears nothing.
    """
    _check(caught, gains, penalty)
    value, chosen = 0.0, list[bool]()
    for c, gain in zip(reversed(caught), reversed(gains), strict=True):
        attack = (1 - c) * (gain + value) - c * penalty
        chosen.append(attack > value)
        value = max(attack, value)
    return AttackPlan(value=value, attacks=tuple(reversed(chosen)))


def plan_value(plan: Sequence[bool], caught: Sequence[float], gains: Sequence[float], penalty: float = 0.0) -> float:
    """Return the expected gain of a fixed plan: attack at the marked steps until caught."""
    _check(caught, gains, penalty)
    if len(plan) != len(caught):
        raise bad_input(f"a plan of {len(plan)} steps", f"{len(caught)} steps", "give one mark per step")
    alive, value = 1.0, 0.0
    for attack, c, gain in zip(plan, caught, gains, strict=True):
        if attack:
            value += alive * ((1 - c) * gain - c * penalty)
            alive *= 1 - c
    return value


def _check(caught: Sequence[float], gains: Sequence[float], penalty: float) -> None:
    if len(caught) != len(gains):
        raise bad_input(f"{len(caught)} chances and {len(gains)} gains", "as many of both", "give one of each per step")
    for c in caught:
        check_share("caught", c)
    if not penalty >= 0:
        raise bad_input(f"penalty = {penalty!r}", "a number from 0 on", "give another penalty")
