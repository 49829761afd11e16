"""Items measured on the reference data, on planted parameters, and on data that say nothing."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psychometrics.planted_answers import LSAT6, answers

from drillyard.errors import BadInput
from drillyard.psychometrics.ability import abilities, ability
from drillyard.psychometrics.bank import NODES, WEIGHTS, bank_of
from drillyard.psychometrics.fit import NO_PRIOR, fit
from drillyard.psychometrics.responses import from_rows

# R's ltm on LSAT-6 (published in its manual), and its log-likelihood.
SLOPES = [0.8253715, 0.7229499, 0.8904748, 0.6885502, 0.6574516]
DIFFICULTIES = [-3.3597341, -1.3696497, -0.2798983, -1.8659189, -3.1235725]


def log_likelihood(slopes: np.ndarray, intercepts: np.ndarray, rows: np.ndarray) -> float:
    """Return the marginal log-likelihood by Gauss and Hermite, item by item: another rule, and another code."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(81)
    total = np.tile(weights / weights.sum(), (len(rows), 1))
    for item, (slope, intercept) in enumerate(zip(slopes, intercepts, strict=True)):
        right = 1 / (1 + np.exp(-(slope * nodes + intercept)))
        total = total * np.where(rows[:, [item]] == 1, right, 1 - right)
    return float(np.log(total.sum(axis=1)).sum())


def test_the_reference_is_met_to_a_thousandth() -> None:
    """2PL on LSAT-6: the log-likelihood of ltm, and its parameters."""
    bank = fit(from_rows(LSAT6), "2pl", NO_PRIOR)
    assert bank.converged
    assert bank.log_likelihood == pytest.approx(-2466.65338, abs=1e-3)
    assert bank.slopes == pytest.approx(SLOPES, abs=1e-3)
    assert [bank.difficulty(i).value for i in range(5)] == pytest.approx(DIFFICULTIES, abs=5e-3)
    assert bank.log_likelihood == pytest.approx(log_likelihood(bank.slopes, bank.intercepts, np.array(LSAT6)), abs=1e-6)


def test_rasch_is_the_best_of_one_slope() -> None:
    """With one slope for all, the likelihood is that of ltm's rasch, and no near point is better."""
    bank = fit(from_rows(LSAT6), "rasch", NO_PRIOR)
    assert bank.log_likelihood == pytest.approx(-2466.938, abs=1e-3)
    assert bank.slopes == pytest.approx(np.full(5, 0.7551), abs=1e-3)
    for move in np.vstack([np.eye(6), -np.eye(6)]) * 0.05:
        near = log_likelihood(bank.slopes + move[0], bank.intercepts + move[1:], np.array(LSAT6))
        assert near < bank.log_likelihood


def test_the_covariance_is_that_of_the_likelihood() -> None:
    """Louis's information is minus the second derivative of the log-likelihood, by differences."""
    bank, rows = fit(from_rows(LSAT6), "2pl", NO_PRIOR), np.array(LSAT6)
    at, step = np.r_[bank.slopes, bank.intercepts], 1e-3
    hessian = np.zeros((10, 10))
    for i in range(10):
        for j in range(10):
            moves = [(a, b) for a in (1, -1) for b in (1, -1)]
            hessian[i, j] = sum(
                a * b * log_likelihood(*np.split(at + step * (a * np.eye(10)[i] + b * np.eye(10)[j]), 2), rows)
                for a, b in moves
            ) / (4 * step**2)
    assert np.linalg.inv(-hessian) == pytest.approx(bank.covariance, rel=0.02, abs=1e-4)


def test_intervals_cover_what_was_planted() -> None:
    """Over 60 cohorts of 400 people, 95 % intervals of slopes and difficulties hold 93 to 97 % of the planted ones."""
    rng, held = np.random.default_rng(1), []
    for _ in range(60):
        truth = bank_of(rng.lognormal(0, 0.25, 10), rng.normal(0, 0.8, 10))
        bank = fit(from_rows(answers(truth, rng.normal(size=400), rng)))
        for i in range(10):
            for found, planted in ((bank.slope(i), truth.slopes[i]), (bank.difficulty(i), truth.difficulty(i).value)):
                held.append(found.low <= planted <= found.high)
    # 1200 intervals, ten by ten from one cohort: two standard errors are some 0.02
    assert 0.93 <= np.mean(held) <= 0.97, np.mean(held)


def test_steps_of_an_item_are_recovered_although_half_was_not_asked() -> None:
    """Partial credit: planted steps come back within their intervals, from people who met half of the items."""
    rng = np.random.default_rng(2)
    truth = bank_of([1.0, 1.4, 0.8, 1.2], [[-0.5, 0.5], [0.0], [-1.0, 0.2, 1.0], [0.4, 0.9]])
    rows = answers(truth, rng.normal(size=3000), rng)
    rows[rng.random(rows.shape) < 0.5] = np.nan
    bank = fit(from_rows(rows), "2pl")
    spread = np.sqrt(np.diag(bank.covariance))
    off = np.r_[bank.slopes - truth.slopes, bank.intercepts - truth.intercepts] / spread
    assert abs(off).max() < 3.2, off  # twelve normal deviates
    assert np.mean(off**2) < 2.2


def test_abilities_lie_within_their_intervals() -> None:
    """Of 2000 people 95 % lie within posterior mean ± 1.96 deviations; who has no answers is 0 ± 1."""
    rng = np.random.default_rng(3)
    truth, people = bank_of(rng.lognormal(0, 0.2, 15), rng.normal(0, 1, 15)), rng.normal(size=2000)
    mean, deviation = abilities(truth, from_rows(answers(truth, people, rng)))
    assert 0.935 <= np.mean(abs(mean - people) <= 1.96 * deviation) <= 0.965
    nothing = ability(truth, from_rows([[math.nan] * 15]))
    assert (nothing.value, nothing.n) == (pytest.approx(0, abs=1e-9), 0)
    assert nothing.high == pytest.approx(1.96, abs=0.01)


def test_information_is_as_in_the_closed_form() -> None:
    """2PL: a² / 4 at the difficulty."""
    assert bank_of([1.7], [0.4]).information([0.4])[0, 0] == pytest.approx(1.7**2 / 4)
    assert bank_of([1.7], [0.4]).expected([0.4])[0, 0] == pytest.approx(0.5)


def test_nodes_integrate_a_narrow_likelihood() -> None:
    """A normal density of width 0.2 times the standard normal, against its closed form."""
    for mean in (0.0, 0.63, 2.9):
        narrow = np.exp(-(((NODES - mean) / 0.2) ** 2) / 2)
        exact = 0.2 / math.sqrt(1.04) * math.exp(-(mean**2) / (2 * 1.04))
        assert narrow @ WEIGHTS == pytest.approx(exact, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, math.nan]), min_size=3, max_size=3), min_size=1, max_size=12))
def test_whatever_was_answered_can_be_measured(rows: list[list[float]]) -> None:
    """All right, all wrong, one person, nothing asked of an item: finite numbers, or one line."""
    responses = from_rows(rows)
    for model in ("rasch", "2pl"):
        if not responses.asked.any():
            with pytest.raises(BadInput, match="no answers"):
                fit(responses, model)
            continue
        bank = fit(responses, model)
        told = [bank.difficulty(i) for i in range(3)] + [bank.slope(i) for i in range(3)]
        assert all(math.isfinite(x) for one in told for x in (one.value, one.low, one.high))
        assert np.linalg.eigvalsh(bank.covariance).min() > -1e-6


def test_the_order_of_people_does_not_matter() -> None:
    """Rows shuffled, and rows without any answer, change nothing."""
    rows = np.array(LSAT6, dtype=float)
    shuffled = np.vstack([np.random.default_rng(4).permutation(rows), np.full((7, 5), np.nan)])
    one, other = fit(from_rows(rows)), fit(from_rows(shuffled))
    assert one.slopes == pytest.approx(other.slopes) and one.persons == other.persons == 1000


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0, 1], [1]], "no table of numbers"),
        ([[0, -1]], "a score of -1"),
        ([[0, 0.5]], "a score of 0.5"),
        ([[0, math.inf]], "a score of inf"),
        ([["a", "b"]], "no table of numbers"),
        ([0, 1], "shape"),
    ],
)
def test_what_is_no_score_is_told(rows: object, words: str) -> None:
    """One line: what was found, what was expected."""
    with pytest.raises(BadInput, match=re.escape(words)):
        from_rows(rows)
    with pytest.raises(BadInput, match="twice"):
        from_rows([[0, 1]], ["a", "a"])


def test_a_hundred_thousand_people_are_measured() -> None:
    """Their patterns are counted once: it takes what the distinct ones take."""
    rng = np.random.default_rng(5)
    truth = bank_of(rng.lognormal(0, 0.2, 8), rng.normal(0, 1, 8))
    bank = fit(from_rows(answers(truth, rng.normal(size=100_000), rng)))
    assert abs(bank.slopes - truth.slopes).max() < 0.06
