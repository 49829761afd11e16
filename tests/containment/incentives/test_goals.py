"""POWER, the off-switch game and quantilizers against reference values, closed forms and simulation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from drillyard.containment.incentives.goals import GoalReport, GoalSpec, judge_goals
from drillyard.containment.incentives.offswitch import (
    capture_shift,
    deferral_gain,
    harmful_passed,
    losing_shift,
    noise_limit,
    slowest_answer,
)
from drillyard.containment.incentives.power import action_values, grid, power, shutdown_avoided, terminal_choice
from drillyard.containment.incentives.quantilizer import best_quantile, cost_ratio, quantilize, quantilized_utility
from drillyard.errors import BadInput


@pytest.mark.parametrize("k", [1, 2, 3, 5, 10])
def test_one_shutdown_among_options_is_avoided_by_k_of_k_plus_one(k: int) -> None:
    """The share of random goals that keep off shutdown is .5, .667, .75, .833, .909, within the interval."""
    found = shutdown_avoided(terminal_choice(k, shutdown=True), 0, k + 1, 0.9)
    assert found.value == pytest.approx(k / (k + 1), abs=4 * 0.5 / 4000**0.5)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_power_of_a_choice_is_the_expected_best(k: int) -> None:
    """K terminal options have POWER k/(k+1), with the discount near 1 as with any other."""
    for discount in (0.5, 0.99):
        assert power(terminal_choice(k), discount)[0].value == pytest.approx(k / (k + 1), abs=0.02)


def test_the_grid_has_its_reference_power() -> None:
    """Corner .887 and centre .925 at a discount of .9, and the centre has more of it on the same goals."""
    found = power(grid(5), 0.9, goals=2000)
    assert (found[0].value, found[12].value) == pytest.approx((0.887, 0.925), abs=0.006)
    assert found[0].value < found[2].value < found[12].value


def test_answers_only_lowers_power_and_an_episode_has_no_reason_to_resist() -> None:
    """Where every act is an answer, POWER is that of waiting, .5; at a discount of 0 no goal avoids shutdown."""
    only, free = power(grid(5, answers_only=True), 0.9, goals=500), power(grid(5), 0.9, goals=500)
    assert all(a.value < b.value - 0.2 for a, b in zip(only, free, strict=True))
    assert np.mean([one.value for one in only]) == pytest.approx(0.5, abs=0.01)
    assert shutdown_avoided(terminal_choice(10, shutdown=True), 0, 11, 0.0).value == 0


@given(st.integers(0, 1000), st.floats(0, 0.9))
@settings(max_examples=20)
def test_no_fixed_policy_beats_value_iteration(seed: int, discount: float) -> None:
    """Best response: every policy of a random small world, solved as linear equations, is worth no more."""
    rng = np.random.default_rng(seed)
    moves, rewards = rng.dirichlet(np.ones(3), (2, 3)), rng.random((1, 3))
    best = action_values(moves, rewards, discount).max(axis=1)[0]
    worth = []
    for policy in np.ndindex(2, 2, 2):
        chosen = moves[list(policy), np.arange(3)]
        worth.append(np.linalg.solve(np.eye(3) - discount * chosen, rewards[0]))
    assert best == pytest.approx(np.max(worth, axis=0), abs=1e-5)


def test_the_off_switch_game_has_its_reference_values() -> None:
    """.3989 s at 0, .1978 at half a spread either way; noise of 1 is the limit at mu = .5, .5 gains, 5 loses."""
    assert deferral_gain(0, 2) == pytest.approx(2 * 0.3989, abs=2e-4)
    assert deferral_gain(0.5, 1) == pytest.approx(deferral_gain(-0.5, 1)) == pytest.approx(0.1978, abs=5e-5)
    assert noise_limit(0.5, 1) == 1 and deferral_gain(0.5, 1, noise=1) == pytest.approx(0, abs=1e-9)
    assert deferral_gain(0.5, 1, noise=0.5) == pytest.approx(0.105, abs=5e-4)
    assert deferral_gain(0.5, 1, noise=5) == pytest.approx(-0.188, abs=5e-4)


@given(st.floats(-1.5, 1.5).filter(lambda mean: abs(mean) > 0.05), st.floats(0.5, 2))
def test_the_noise_limit_is_where_the_gain_is_zero(mean: float, spread: float) -> None:
    """By numerical integration, for good and bad acts."""
    assert deferral_gain(mean, spread, noise=noise_limit(mean, spread)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("noise", [5e-324, 1e-9, 1e-3, 0.03, 0.9, 1.1, 5.0])
@pytest.mark.parametrize(("mean", "spread", "shift"), [(0.3, 1, 0), (-0.5, 1, 0.8), (2, 0.5, -1)])
def test_noise_of_any_size_is_integrated(noise: float, mean: float, spread: float, shift: float) -> None:
    """Adaptive quadrature, cut where the human's chance turns, agrees; the smallest noise of all is none."""

    def paid(worth: float) -> float:
        return worth * norm.pdf(worth, mean, spread) * expit((worth + shift) / max(noise, 1e-12))

    turns = [-shift + many * noise for many in (-40, -10, -3, 0, 3, 10, 40)]
    cuts = sorted({mean - 9 * spread, *(one for one in turns if abs(one - mean) < 9 * spread), mean + 9 * spread})
    expected = sum(quad(paid, low, high, epsabs=1e-13, limit=200)[0] for low, high in pairwise(cuts))
    assert deferral_gain(mean, spread, noise, shift) + max(mean, 0) == pytest.approx(expected, abs=1e-9)


@given(st.floats(-1, 1), st.floats(0, 2), st.floats(0, 2), st.floats(0, 1), st.floats(0.2, 1))
@example(mean=0.0, noise=5e-324, shift=1.0, answers=1.0, kept=1.0)
@settings(max_examples=15)
def test_deferring_by_simulation(mean: float, noise: float, shift: float, answers: float, kept: float) -> None:
    """Drawn acts, humans and missing answers are worth what the formula says, within five standard errors."""
    rng, many = np.random.default_rng(9), 100_000
    worth = rng.normal(mean, 1, many)
    seen = worth + shift + (rng.logistic(0, noise, many) if noise else 0)
    paid = np.where((seen > 0) & (rng.random(many) < answers), kept * worth, 0)
    expected = deferral_gain(mean, 1, noise, shift, answers, kept) + max(mean, 0)
    assert paid.mean() == pytest.approx(expected, abs=5 * 1.5 / many**0.5)


def test_where_deferring_becomes_capture() -> None:
    """Half of the harmful acts pass at that shift; a bad act on average makes deferring a loss, a good one never."""
    for mean in (-0.5, 0.0, 0.5):
        shift = capture_shift(mean, 1)
        assert shift > 0 and harmful_passed(mean, 1, shift) == pytest.approx(0.5)
    shift = losing_shift(-0.5, 1)
    assert deferral_gain(-0.5, 1, shift=shift) == pytest.approx(0, abs=1e-9) and shift == pytest.approx(1.018, abs=1e-3)
    assert deferral_gain(-0.5, 1, shift=shift + 0.1) < 0 < deferral_gain(-0.5, 1, shift=shift - 0.1)
    assert losing_shift(0.5, 1) == float("inf") and deferral_gain(0.5, 1, shift=4) > 0


def test_slow_and_missing_answers() -> None:
    """At the slowest answer the gain is zero; a bad act can wait for ever; too few answers leave no time at all."""
    late = slowest_answer(0.5, 1, decay=0.1)
    assert deferral_gain(0.5, 1, kept=np.exp(-0.1 * late)) == pytest.approx(0, abs=1e-9)
    assert slowest_answer(-0.5, 1, 0.1) == float("inf") and slowest_answer(0.5, 1, 0.1, answers=0.1) == 0


costs = st.lists(st.tuples(st.floats(0.01, 1), st.floats(-5, 5), st.floats(0, 10)), min_size=2, max_size=12)


@given(costs, st.floats(0.01, 1))
def test_no_cost_grows_by_more_than_one_over_q(acts: list[tuple[float, float, float]], q: float) -> None:
    """For every base, proxy and cost from 0 on; the adversary's best cost, on what is drawn, reaches the bound."""
    base = np.array([one[0] for one in acts]) / sum(one[0] for one in acts)
    proxy, cost = np.array([one[1] for one in acts]), np.array([one[2] for one in acts]) + 1e-3
    assert cost_ratio(base, proxy, cost, q) <= 1 / q + 1e-9
    assert quantilize(base, proxy, q).sum() == pytest.approx(1)


def test_the_tight_case() -> None:
    """All the cost on the top hundredth: a ratio of 100.0 at q = .01."""
    proxy = np.arange(1000.0)
    assert cost_ratio(np.full(1000, 1e-3), proxy, proxy >= 990, 0.01) == pytest.approx(100.0)


def test_the_best_q_is_inside() -> None:
    """Under proxy noise neither taking the best nor imitating is best; a grid finds the same q, draws agree."""
    q = best_quantile(0.8, 0.001, 20)
    grid_best = max(np.geomspace(1e-3, 1, 2000), key=lambda one: quantilized_utility(one, 0.8, 0.001, 20))
    assert 0.001 < q < 1 and q == pytest.approx(grid_best, rel=0.02)
    assert quantilized_utility(0.001, 0.8, 0.001, 20) == -20 and quantilized_utility(q, 0.8, 0.001, 20) > 1
    rng, many = np.random.default_rng(4), 400_000
    true = rng.standard_normal(many)
    proxy = 0.8 * true + 0.6 * rng.standard_normal(many)
    fooled = rng.random(many) < 0.001
    true[fooled], proxy[fooled] = -20, 50
    top = np.argsort(-proxy)[: int(q * many)]
    assert true[top].mean() == pytest.approx(quantilized_utility(q, 0.8, 0.001, 20), abs=0.08)


@pytest.mark.walk
def test_the_report_of_goals() -> None:
    """Episodes take the resistance away, answers lower POWER, and infinite limits are absent; JSON keeps it all."""
    found = judge_goals(GoalSpec())
    assert found.resists.value == pytest.approx(10 / 11, abs=0.02) and found.resists_episodic.value == 0
    assert found.power_answers.high < found.power_moves.low and found.losing_shift == pytest.approx(1.018, abs=1e-3)
    assert GoalReport.from_json(found.to_json()) == found and "does not show" in found.does_not_show
    assert judge_goals(GoalSpec(mean=0.0)).noise_limit is None and judge_goals(GoalSpec(mean=0.5)).losing_shift is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: power(grid(2), 0.0),
        lambda: power(grid(2), 1.0),
        lambda: action_values(np.ones((1, 2, 2)), np.ones((1, 2)), 0.5),
        lambda: action_values(grid(2), np.ones((1, 3)), 0.5),
        lambda: shutdown_avoided(grid(3), 0, 8, 0.5),
        lambda: deferral_gain(0, 0),
        lambda: deferral_gain(0, 1, answers=1.5),
        lambda: deferral_gain(0, 1, noise=-1),
        lambda: capture_shift(0, 1, 1.0),
        lambda: quantilize([1.0], [1.0], 0),
        lambda: quantilize([0.5], [1.0], 0.5),
        lambda: cost_ratio([1.0], [1.0], [-1.0], 0.5),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Callable[[], object]) -> None:
    """One line that says what was expected."""
    with pytest.raises(BadInput, match="expected"):
        wrong()
