"""The audit programme against reference values, both sides' best responses, and families where the answer is known."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.containment.games.bins import REFERENCE, AuditGame, audited_share, losses
from drillyard.containment.games.families import monotone_game, random_game
from drillyard.containment.games.knowledge import loss_at
from drillyard.containment.games.matrix import inspection_value, solve_matrix
from drillyard.containment.games.minimax import (
    GAP,
    greedy_loss,
    solve,
    threshold_policy,
    uniform_policy,
    worst_loss,
)
from drillyard.errors import BadInput

seeds, budgets = st.integers(0, 10_000), st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("budget", "best", "threshold", "uniform"),
    [(0.05, 0.7790, 0.8743, 0.950), (0.10, 0.7261, 0.8100, 0.900), (0.30, 0.5147, 0.7840, 0.700)],
)
def test_the_reference_instance(budget: float, best: float, threshold: float, uniform: float) -> None:
    """Three policies at three budgets, and the worst mix at 10 %, to the digits given."""
    found = solve(REFERENCE, budget)
    assert found.loss == pytest.approx(best, abs=5e-5) and found.certified
    assert worst_loss(REFERENCE, threshold_policy(REFERENCE, budget)) == pytest.approx(threshold, abs=5e-5)
    assert worst_loss(REFERENCE, uniform_policy(REFERENCE, budget)) == pytest.approx(uniform, abs=5e-5)
    if budget == 0.10:
        assert found.mix == pytest.approx((0.734, 0.213, 0.053), abs=5e-4)


@given(seeds, budgets)
def test_the_best_policy_is_certified_and_beats_both_others(seed: int, budget: float) -> None:
    """On every random instance: within budget, gap below 1e-6, no worse than threshold and uniform."""
    game = random_game(np.random.default_rng(seed))
    found = solve(game, budget)
    assert audited_share(game, found.policy) <= budget + 1e-9 and found.gap < GAP
    others = (threshold_policy(game, budget), uniform_policy(game, budget))
    assert all(found.loss <= worst_loss(game, policy) + 1e-7 for policy in others)
    assert all(audited_share(game, policy) == pytest.approx(min(1, budget), abs=1e-9) for policy in others)


@given(seeds, budgets)
def test_a_threshold_is_best_where_likelihood_ratios_grow(seed: int, budget: float) -> None:
    """In the monotone family the programme and the threshold policy have the same value."""
    game = monotone_game(np.random.default_rng(seed))
    assert solve(game, budget).loss == pytest.approx(worst_loss(game, threshold_policy(game, budget)), abs=1e-7)


@given(seeds, st.floats(0.02, 0.5))
def test_random_policies_do_no_better(seed: int, budget: float) -> None:
    """An auditor who draws policies within the budget never goes below the bound; a worse mix certifies less."""
    rng = np.random.default_rng(seed)
    game = random_game(rng)
    found = solve(game, budget)
    for _ in range(20):
        policy = rng.random(len(game.honest))
        policy *= min(1, budget / audited_share(game, policy.tolist()))
        assert worst_loss(game, policy) >= found.bound - 1e-9
        assert greedy_loss(game, rng.dirichlet(np.ones(len(game.values))), budget) <= found.loss + 1e-9


def test_the_reference_loss_by_simulation() -> None:
    """Attacks drawn from the worst mix, scored and audited by coin, cost what the programme says."""
    rng, runs, found = np.random.default_rng(7), 60_000, solve(REFERENCE, 0.1)
    kinds = rng.choice(3, runs, p=found.mix)
    bins = np.array([rng.choice(5, p=REFERENCE.attacks[kind]) for kind in kinds])
    passed = rng.random(runs) >= np.asarray(found.policy)[bins]
    assert (passed * np.asarray(REFERENCE.values)[kinds]).mean() == pytest.approx(found.loss, abs=4 * 0.5 / runs**0.5)


@given(seeds, st.floats(0.01, 0.9))
def test_nobody_takes_more_than_who_knows_the_policy(seed: int, budget: float) -> None:
    """Level 3 is the worst case, and a threshold has no secret left at level 2."""
    game = random_game(np.random.default_rng(seed))
    policy = threshold_policy(game, budget)
    levels = loss_at(game, policy, budget)
    assert max(levels) == levels[3] == pytest.approx(worst_loss(game, policy)) and levels[2] == pytest.approx(levels[3])


def test_secrecy_is_worth_something_to_a_threshold_only() -> None:
    """In the reference game the best policy leaves all attackers alike; a threshold's loss falls without knowledge."""
    best, usual = solve(REFERENCE, 0.3).policy, threshold_policy(REFERENCE, 0.3)
    assert loss_at(REFERENCE, best, 0.3) == pytest.approx([0.5147] * 4, abs=5e-5)
    assert loss_at(REFERENCE, usual, 0.3)[0] < 0.3 < 0.7 < loss_at(REFERENCE, usual, 0.3)[3]


def test_matching_pennies() -> None:
    """Value 0, both mix evenly."""
    found = solve_matrix([[1, -1], [-1, 1]])
    assert found.value == pytest.approx(0, abs=1e-9) and found.gap < GAP
    assert found.rows == pytest.approx([0.5, 0.5]) and found.columns == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("n", "m"), [(n, m) for n in range(1, 6) for m in range(n + 1)])
def test_the_inspection_game_has_dreshers_value(n: int, m: int) -> None:
    """Value `-C(n-1, m) / sum_{i<=m} C(n, i)`, for every number of periods and inspections."""
    assert inspection_value(n, m) == pytest.approx(-comb(n - 1, m) / sum(comb(n, i) for i in range(m + 1)), abs=1e-8)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=3, max_size=3), min_size=1, max_size=4))
def test_no_row_or_column_does_better_alone(payoff: list[list[float]]) -> None:
    """Both mixes are distributions and each answers the other within the certificate."""
    found = solve_matrix(payoff)
    assert found.rows.sum() == pytest.approx(1) and found.columns.sum() == pytest.approx(1)
    assert -1e-9 <= found.gap < GAP


def test_infeasible_budgets_and_broken_games_are_refused() -> None:
    """Shares outside 0 to 1, rows that do not sum to 1 or fit: one line each."""
    for budget in (-0.1, 1.5, float("nan")):
        with pytest.raises(BadInput, match="a share from 0 to 1"):
            solve(REFERENCE, budget)
    good = REFERENCE.to_data()
    for field, value in (
        ("honest", [0.5, 0.6, 0, 0, 0]),
        ("honest", [1.0]),
        ("values", [1.0]),
        ("attacks", [[1.5, -0.5, 0, 0, 0]] * 3),
    ):
        with pytest.raises(BadInput, match="audit-game"):
            AuditGame.from_data({**good, field: value})
    with pytest.raises(BadInput, match="one per bin"):
        losses(REFERENCE, (0.1, 0.2))
    with pytest.raises(BadInput, match="finite matrix"):
        solve_matrix([])
    with pytest.raises(BadInput, match="sum to 1"):
        greedy_loss(REFERENCE, (1, 1, 1), 0.1)
