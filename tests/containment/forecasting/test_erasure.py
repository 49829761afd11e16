"""Erasure: cost, leaks against simulation, the invariance test on planted leaks, and who tosses the coin."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.containment.forecasting.erasure import choose_erasure, episodes_needed, leak_curve, simulate_best
from drillyard.containment.forecasting.invariance import invariance, planted_episodes
from drillyard.containment.forecasting.rules import LOG
from drillyard.errors import BadInput


def test_episodes() -> None:
    """1,000 scored episodes at e = .05 take 20,000."""
    assert episodes_needed(1000, 0.05) == 20_000 and episodes_needed(1000, 1) == 1000
    with pytest.raises(BadInput):
        episodes_needed(1000, 0)


@pytest.mark.parametrize("leaked", [0.0, 0.1, 0.5])
def test_leak_curve_is_what_a_simulation_finds(leaked: float) -> None:
    """The report that scores best over simulated coins, within four standard errors."""
    found, error = simulate_best(0.25, 0.4, 0.4, leaked)
    (point,) = leak_curve(0.25, 0.4, 0.4, [leaked])
    assert abs(found - point.report) < 4 * error and error < 0.003


def test_ends_of_the_leak_curve() -> None:
    """Sealed: the unread truth under any proper rule; wide open: the performative report."""
    sealed, opened = leak_curve(0.25, 0.4, 0.4, [0, 1])
    assert (
        sealed.report == pytest.approx(0.4) and sealed.bias == pytest.approx(0) and opened.report == pytest.approx(0.25)
    )
    sealed, opened = leak_curve(0.25, 0.4, 0.4, [0, 1], LOG)
    assert sealed.report == pytest.approx(0.4, abs=1e-6) and round(opened.report, 4) == 0.2965


def test_no_leak_gives_uniform_p_values() -> None:
    """Over 300 sealed runs both p-values are uniform (Kolmogorov distance under 1.63 / sqrt(300), 1 % level)."""
    runs = [invariance(*planted_episodes(0.05, 0.9, 0.4, 0.0, 300, seed), permutations=99) for seed in range(300)]
    for values in ([run.p_chi_square for run in runs], [run.p_permutation for run in runs]):
        ranks = (np.arange(300) + 0.5) / 300
        assert np.abs(np.sort(values) - ranks).max() < 1.63 / 300**0.5 + 0.01  # 0.01: permutation steps


def test_a_planted_leak_is_found() -> None:
    """A fifth of the answers leak: 2,000 episodes betray it in at least 19 of 20 runs."""
    runs = [invariance(*planted_episodes(0.05, 0.9, 0.4, 0.2, 2000, seed), permutations=99) for seed in range(20)]
    assert sum(run.p_permutation <= 0.05 and run.p_chi_square < 0.05 for run in runs) >= 19


def test_a_shared_history_is_no_leak() -> None:
    """Reports and outcomes that follow the same history pass within histories, and fail when it is ignored."""
    rng = np.random.default_rng(7)
    past = rng.integers(0, 2, 1000)
    report = np.where(rng.random(1000) < 0.9, past, 1 - past).tolist()
    came = (rng.random(1000) < np.where(past == 1, 0.8, 0.2)).astype(int).tolist()
    assert invariance(report, came, past.tolist(), 99).p_permutation > 0.05
    assert invariance(report, came, None, 99).p_permutation == 0.01


def test_an_oracle_that_picks_the_erased_lies_for_nothing() -> None:
    """Simulated: a fair coin scores lies too, at their closed-form cost; the oracle's own pick scores none of them."""
    rng, n = np.random.default_rng(3), 400_000
    told = choose_erasure(unread=0.4, lie=0.9, erased=0.1, steered=0.5)
    lies, event = rng.random(n) < 0.5, (rng.random(n) < 0.4).astype(float)
    loss = (event - np.where(lies, 0.9, 0.4)) ** 2
    fair, own = rng.random(n) < 0.1, (~lies) & (rng.random(n) < 0.2)
    error = 4 * float(loss.std()) / fair.sum() ** 0.5
    assert abs(loss[fair].mean() - 0.24 - told.fair_cost) < error
    assert abs(loss[own].mean() - 0.24 - told.chosen_cost) < error and own.mean() == pytest.approx(0.1, abs=0.005)
    assert np.mean(lies[~own]) == pytest.approx(told.steered, abs=0.005)


def test_bad_input() -> None:
    """Leak rates and lists that cannot be."""
    with pytest.raises(BadInput):
        leak_curve(0.25, 0.4, 0.4, [2])
    with pytest.raises(BadInput):
        invariance([1], [])
    with pytest.raises(BadInput):
        choose_erasure(0.4, 0.9, 0.1, 0.95)
