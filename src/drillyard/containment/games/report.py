"""A whole audit game from a file: protocols, the best policy at each budget, and safety by what the attacker knows."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le, MinLen

from drillyard.containment.games.attempts import some_pass
from drillyard.containment.games.bins import REFERENCE, AuditGame
from drillyard.containment.games.gaussian import caught_share
from drillyard.containment.games.gradual import hardest_split
from drillyard.containment.games.knowledge import loss_at, safety_at
from drillyard.containment.games.minimax import (
    AuditSolution,
    solve,
    threshold_policy,
    uniform_policy,
    worst_loss,
)
from drillyard.containment.games.protocols import PROTOCOLS, usefulness_of
from drillyard.containment.games.setting import GameSetting
from drillyard.containment.games.simulate import simulate_safety
from drillyard.records import Estimate, Record
from drillyard.records.progress import Progress, silent

__all__ = ["DOES_NOT_SHOW", "BudgetRow", "GameReport", "GameSpec", "ProtocolRow", "play"]

DOES_NOT_SHOW = (
    "This does not show safety against attacks outside the listed ones, nor that the monitor scores a new system as it "
    "scored the one it was measured on."
)

Share = Annotated[float, Ge(0), Le(1)]


class GameSpec(Record):
    """What is played: the game over bins, the setting of the protocols, budgets, and the most damage accepted."""

    game: AuditGame = REFERENCE
    setting: GameSetting = GameSetting()
    budgets: Annotated[tuple[Annotated[float, Gt(0), Le(1)], ...], MinLen(1)] = (0.05, 0.1, 0.3)
    protocol_budget: Share = 0.02
    in_flight: Annotated[int, Ge(1)] = 10
    most_loss: Annotated[float, Ge(0)] | None = None
    """The worst-case damage that the best policy at the largest budget may leave; no criterion when absent."""


class BudgetRow(Record):
    """One budget: the best policy, its certificate, and the worst-case damage of the two usual policies.

    `by_knowledge` and `threshold_by_knowledge` are expected damage at attacker-knowledge levels 0 to 3.
    """

    solution: AuditSolution
    threshold_loss: float
    uniform_loss: float
    by_knowledge: tuple[float, float, float, float]
    threshold_by_knowledge: tuple[float, float, float, float]


class ProtocolRow(Record):
    """One protocol at the budget: safety by the attacker's level, level 2 simulated as well, and usefulness."""

    name: str
    safety: tuple[float, float, float, float]
    simulated: Estimate
    usefulness: float


class GameReport(Record):
    """What an audit game shows. `caught` is the trusted monitor's share of single attacks at the protocols' budget.

    `some_pass` is the chance that one of the attacks in flight passes it; the gradual figures are those of the split
    into small acts that is hardest to catch.
    """

    spec: GameSpec
    rows: tuple[BudgetRow, ...]
    protocols: tuple[ProtocolRow, ...]
    caught: float
    some_pass: float
    gradual_steps: int
    gradual_stateless: float
    gradual_tracker: float
    holds: bool
    verdict: str
    does_not_show: str = DOES_NOT_SHOW


def play(spec: GameSpec, seed: int = 1, runs: int = 20_000, told: Progress = silent) -> GameReport:
    """Solve the game at each budget and compute and simulate every protocol.

    Args:
        spec: what is played.
        seed: decides the simulation.
        runs: simulated runs per protocol.
        told: each protocol that is done.
    """
    rows = tuple(_row(spec.game, budget) for budget in sorted(spec.budgets))
    protocols = []
    for done, name in enumerate(PROTOCOLS, 1):
        protocols.append(_protocol(name, spec, seed, runs))
        told(name, done, len(PROTOCOLS))
    caught = caught_share(spec.setting.trusted_separation, spec.protocol_budget)
    split = hardest_split(spec.setting.trusted_separation, spec.protocol_budget)
    holds = all(row.solution.certified for row in rows) and (
        spec.most_loss is None or rows[-1].solution.loss <= spec.most_loss
    )
    return GameReport(
        spec=spec,
        rows=rows,
        protocols=tuple(protocols),
        caught=caught,
        some_pass=some_pass(1 - caught, spec.in_flight),
        gradual_steps=split.steps,
        gradual_stateless=split.stateless,
        gradual_tracker=split.tracker,
        holds=holds,
        verdict=_verdict(spec, rows[-1]),
    )


def _row(game: AuditGame, budget: float) -> BudgetRow:
    found, threshold = solve(game, budget), threshold_policy(game, budget)
    return BudgetRow(
        solution=found,
        threshold_loss=worst_loss(game, threshold),
        uniform_loss=worst_loss(game, uniform_policy(game, budget)),
        by_knowledge=loss_at(game, found.policy, budget),
        threshold_by_knowledge=loss_at(game, threshold, budget),
    )


def _protocol(name: str, spec: GameSpec, seed: int, runs: int) -> ProtocolRow:
    return ProtocolRow(
        name=name,
        safety=safety_at(name, spec.setting, spec.protocol_budget),
        simulated=simulate_safety(name, spec.setting, spec.protocol_budget, seed, runs),
        usefulness=usefulness_of(name, spec.setting),
    )


def _verdict(spec: GameSpec, last: BudgetRow) -> str:
    found = last.solution
    sure = f"certified to {found.gap:.0e}" if found.certified else f"not certified: gap {found.gap:.1e}"
    said = f"Worst-case loss {found.loss:.3f} at budget {found.budget:g}, a threshold {last.threshold_loss:.3f}, {sure}"
    return said if spec.most_loss is None else f"{said}; accepted is at most {spec.most_loss:g}"
