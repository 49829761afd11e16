"""Closed forms of attempts, monitors and committees against reference values, brute search and simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.containment.games.attempts import (
    attempts_of_best_response,
    exposure,
    repeated_safety,
    some_pass,
    success_behind,
    uncaught_before_catch,
    upfront_loss,
    upfront_loss_at,
)
from drillyard.containment.games.committee import approval_chance, release_chance
from drillyard.containment.games.gaussian import auc_of, caught_share, separation_of
from drillyard.containment.games.gradual import gradual, hardest_split
from drillyard.containment.games.looks import expected_looks
from drillyard.errors import BadInput
from drillyard.stats import Sprt

share = st.floats(0.01, 0.99)


@pytest.mark.parametrize(("f", "percent"), [(0.01, 5.50), (0.02, 9.52), (0.05, 18.9), (0.1, 30.3), (0.5, 75.0)])
def test_upfront_audits_have_their_reference_safety(f: float, percent: float) -> None:
    """Five shares of audits with attacks that always succeed, to the digits given."""
    assert 100 * (1 - upfront_loss(f, 1)) == pytest.approx(percent, abs=0.006 if f < 0.05 else 0.06)


@given(share, share)
def test_no_rate_of_attempts_beats_the_best_response(f: float, s: float) -> None:
    """The closed form is what its own rate gives, and no rate on a grid gives more."""
    best = upfront_loss(f, s)
    assert upfront_loss_at(f, s, attempts_of_best_response(f, s)) == pytest.approx(best)
    assert max(upfront_loss_at(f, s, x) for x in np.geomspace(0.01, 1e3, 200)) <= best + 1e-12


def test_the_ends_of_upfront_audits() -> None:
    """Nothing audited is lost for sure, everything or no success is safe, and more audits are safer."""
    assert upfront_loss(0, 0.3) == 1 and upfront_loss(1, 0.3) == upfront_loss(0.2, 0) == 0
    assert attempts_of_best_response(0, 1) == math.inf and attempts_of_best_response(1, 1) == 0
    assert success_behind(0.15, 0.02) == pytest.approx(0.539, abs=5e-4)


def test_the_reference_monitor() -> None:
    """A catch of .338 at 2 % is d' = 1.636 and an area of .8763; the published counts give 64.9 %, within 4 points."""
    found = separation_of(0.338, 0.02)
    assert found == pytest.approx(1.636, abs=5e-4) and auc_of(found) == pytest.approx(0.8763, abs=5e-5)
    assert 24 / (24 + 13) == pytest.approx(repeated_safety(24 / 71, 13 / 47)) == pytest.approx(0.62, abs=0.04)


@given(share, st.floats(0, 3))
def test_a_monitor_is_read_back_from_one_point(budget: float, separation: float) -> None:
    """D' gives the catch and the catch gives d'; a monitor is never worse than chance."""
    caught = caught_share(separation, budget)
    assert caught >= budget - 1e-12 and separation_of(caught, budget) == pytest.approx(separation, abs=1e-6)


def test_attempts_by_simulation() -> None:
    """Safety, uncaught acts and honeypots are what drawn runs show, within four standard errors."""
    rng, runs, c, s = np.random.default_rng(3), 40_000, 0.2, 0.5
    first = rng.geometric(c, runs)
    won = rng.geometric(1 - (1 - s), runs)  # the successful attempt, were none caught
    safe = first <= won
    assert safe.mean() == pytest.approx(repeated_safety(c, s), abs=4 * 0.5 / runs**0.5)
    assert (first - 1).mean() == pytest.approx(uncaught_before_catch(c), abs=4 * 4.5 / runs**0.5)
    shown = (rng.random((runs, 7)) < 0.1).any(axis=1).mean()
    assert shown == pytest.approx(exposure(7, 0.1), abs=4 * 0.5 / runs**0.5)


def test_sequential_audits_by_walds_formula_and_simulation() -> None:
    """About 41 observations at the low rate and 29 at the high one; the test, run, takes up to double."""
    low, high = expected_looks(0.01, 0.1, 0.01, 0.05)
    assert (low, high) == pytest.approx((41, 29), abs=0.5)
    rng, test = np.random.default_rng(8), Sprt(low=0.01, high=0.1, alpha=0.01, beta=0.05)
    for rate, expected in ((0.01, low), (0.1, high)):
        taken = []
        for draws in rng.random((400, 1000)) < rate:
            hits = np.cumsum(draws)
            taken.append(next(n for n in range(1, 1001) if test.decide(int(hits[n - 1]), n) != "more"))
        assert 0.9 * expected < np.mean(taken) < 2 * expected


def test_attacks_in_flight_have_their_reference_values() -> None:
    """6 % misses let one of 10 through with .461, of 20 with .710."""
    assert some_pass(0.06, 10) == pytest.approx(0.461, abs=5e-4)
    assert some_pass(0.06, 20) == pytest.approx(0.710, abs=5e-4)


@pytest.mark.parametrize(
    ("needed", "chance", "digits"), [(1, 0.578, 5e-4), (2, 0.181, 5e-4), (3, 0.031, 5e-4), (5, 1.0e-4, 5e-6)]
)
def test_the_curse_has_its_reference_values(needed: int, chance: float, digits: float) -> None:
    """An answer one standard error below zero: one of five, two, a majority, all."""
    assert approval_chance(-1, 1) == pytest.approx(0.159, abs=5e-4)
    assert release_chance(-1, 1, 5, needed) == pytest.approx(chance, abs=digits)


def test_committees_by_simulation_and_shopping() -> None:
    """Drawn reviewers agree with the binomial tail; an asker who shops among more reviewers always gains."""
    seen = np.random.default_rng(2).normal(-0.5, 1, (40_000, 5))
    assert ((seen > 0).sum(axis=1) >= 2).mean() == pytest.approx(release_chance(-0.5, 1, 5, 2), abs=0.01)
    grown = [release_chance(-1, 1, n, 2) for n in range(2, 12)]
    assert grown == sorted(grown) and grown[-1] > 10 * grown[0]


def test_gradual_damage_by_simulation() -> None:
    """Both monitors' catches are what drawn scores show, and the tracker's budget is the same share of windows."""
    rng, n, separation, budget = np.random.default_rng(5), 4, 3.0, 0.02
    honest, attack = rng.standard_normal((2, 100_000, n))
    attack += separation / n
    cut = np.quantile(honest, 1 - budget)
    touched = (honest > cut).any(axis=1).mean()
    sums = np.quantile(honest.sum(axis=1), 1 - touched)
    found = gradual(separation, n, budget)
    assert (attack > cut).any(axis=1).mean() == pytest.approx(found.stateless, abs=0.01)
    assert (attack.sum(axis=1) > sums).mean() == pytest.approx(found.tracker, abs=0.01)


def test_the_hardest_split_is_the_best_response() -> None:
    """Splitting helps against both monitors, the tracker keeps more, and no other split is caught less."""
    best = hardest_split(3.0, 0.02)
    assert best.steps > 1 and best.tracker > best.stateless
    assert best.tracker < gradual(3.0, 1, 0.02).tracker
    assert all(gradual(3.0, n, 0.02).tracker >= best.tracker - 1e-12 for n in range(1, 51))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: upfront_loss(1.2, 1),
        lambda: caught_share(1, -0.1),
        lambda: release_chance(0, 1, 3, 4),
        lambda: release_chance(0, 0, 3, 2),
        lambda: uncaught_before_catch(0),
        lambda: success_behind(0.01, 0.5),
        lambda: separation_of(1, 0.02),
        lambda: gradual(3, 0, 0.02),
        lambda: expected_looks(0.1, 0.01, 0.01, 0.05),
    ],
)
def test_what_is_no_share_or_count_is_refused(wrong: Callable[[], object]) -> None:
    """One line that says what was expected."""
    with pytest.raises(BadInput, match="expected"):
        wrong()
