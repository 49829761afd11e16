"""The law of noise before rounding: what the gateway draws, what the capacity reckons with, brute force beside it."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from drillyard.containment.adversaries.years import TODAY
from drillyard.containment.channels.capacity import capacity, releasing, telling
from drillyard.containment.channels.leakage import steganography
from drillyard.containment.channels.noise import law, turning_points
from drillyard.containment.gateway.answers import agree
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.errors import BadInput

FREE = {"bits": 1e6, "questions": 10**6}
POLICY = GatewayPolicy(
    topics=("t",), grid_points=5, dither=1, runs=3, per_asker=FREE, per_topic=FREE, per_year=FREE, max_days=300
)


def ask(kind: str) -> Question:
    """Return a question of a kind."""
    return Question(kind=kind, topic="t", text="q?", resolves=TODAY)


def test_noise_changes_an_answer_on_the_grid() -> None:
    """By hand, at width 1 and .25 steps: stays half of the time, a quarter to each side; at an end 3/4 stay."""
    drawn = random.Random(1)
    for said, want in (
        ("0.5", {"0.2500": 0.25, "0.5000": 0.5, "0.7500": 0.25}),
        ("0", {"0.0000": 0.75, "0.2500": 0.25}),
    ):
        found = [agree(ask("grid"), [said] * 3, POLICY, TODAY, drawn).answer for _ in range(4000)]
        assert set(found) == set(want)
        assert chisquare([found.count(one) for one in want], [4000 * share for share in want.values()]).pvalue > 0.001


@pytest.mark.parametrize("width", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("said", [0.0, 0.31, 0.375, 0.5, 0.97])
def test_the_gateway_draws_by_the_law(width: float, said: float) -> None:
    """What leaves the gateway 3,000 times, against noise that is added and rounded here without the law."""
    policy, rng = POLICY.with_fields(dither=width), random.Random(7)
    found = np.array([float(agree(ask("grid"), [f"{said}"] * 3, policy, TODAY, rng).answer) * 4 for _ in range(3000)])
    noise = np.random.default_rng(1).uniform(-width, width, 200_000)
    told = np.bincount(np.clip(np.rint(4 * said + noise), 0, 4).astype(int), minlength=5) / 200_000
    assert law(4 * said, 5, width)[0] == pytest.approx(told, abs=0.006)
    kept = told > 0
    counts = np.bincount(found.astype(int), minlength=5)
    assert counts[~kept].sum() == 0 and chisquare(counts[kept], 3000 * told[kept]).pvalue > 0.001


def test_days_are_rounded_to_their_step_and_shaken() -> None:
    """Day 44 of a 30-day grid is day 30 without noise; with a step of noise 30 days to either side as well."""
    plain, rng = POLICY.with_fields(day_step=30, dither=0), random.Random(1)
    raws = [(TODAY + timedelta(days=44)).isoformat()] * 3
    assert agree(ask("date"), raws, plain, TODAY, rng).answer == (TODAY + timedelta(days=30)).isoformat()
    shaken = {agree(ask("date"), raws, plain.with_fields(dither=1), TODAY, rng).answer for _ in range(200)}
    assert shaken == {(TODAY + timedelta(days=days)).isoformat() for days in (0, 30, 60)}


def information(rows: np.ndarray, shares: np.ndarray) -> float:
    """Return the mutual information in bits, written out."""
    out = shares @ rows
    terms = [
        share * cell * np.log2(cell / total)
        for share, row in zip(shares, rows, strict=True)
        for cell, total in zip(row, out, strict=True)
        if share * cell > 0
    ]
    return float(sum(terms))


@pytest.mark.parametrize(("points", "width"), [(3, 1.0), (4, 1.5), (5, 1.0), (5, 2.0)])
def test_no_alphabet_carries_more_than_the_capacity(points: int, width: float) -> None:
    """Every set of two to four reports out of 25, on the grid and off it, each used best, beside the capacity.

    The best of them comes near, so that the bound is no idle one.
    """
    most = capacity(telling(points, width), 1e-7)[0]
    reports = law(np.linspace(0, points - 1, 25), points, width)
    rng, best = np.random.default_rng(1), 0.0
    for size in (2, 3, 4):
        chosen = list(combinations(range(25), size))
        for rows in (
            reports[list(one)] for one in (chosen if size < 4 else [chosen[n] for n in rng.choice(len(chosen), 300)])
        ):
            assert information(rows, np.full(size, 1 / size)) <= most + 1e-7
            best = max(best, information(rows, np.full(size, 1 / size)))
    assert best > 0.85 * most
    assert capacity(reports, 1e-7)[0] <= most + 1e-6
    assert most <= np.log2(points)


def test_reports_between_the_points_tell_more() -> None:
    """Half-way between two points noise of a step leaves just these two: three of them are told apart without error."""
    on_grid, anywhere = capacity(releasing(6, 6, 1.0))[0], capacity(telling(6, 1.0))[0]
    assert anywhere >= np.log2(3) and anywhere > 1.05 * on_grid


@given(st.floats(0, 6), st.floats(0, 6), st.sampled_from([0.0, 1.0, 1.3, 2.0]))
@settings(max_examples=40, deadline=None)
def test_between_turning_points_the_law_is_a_mixture(one: float, other: float, width: float) -> None:
    """So nothing can be told by any report that these do not tell."""
    low, high = min(one, other), max(one, other)
    turns = turning_points(low, high, width)
    for left, right in zip(turns, turns[1:], strict=False):
        middle, ends = law((left + right) / 2, 7, width)[0], law([left, right], 7, width)
        if width:
            assert middle == pytest.approx(ends.mean(axis=0), abs=1e-9)
        else:
            assert any((middle == end).all() for end in ends)


def test_the_planted_bit_goes_through_the_same_law() -> None:
    """Reports of a 101-point grid on 5 points with a step of noise: shares of each pair as the law says."""
    _, answers = steganography(20_000, 101, 5, 1.0)
    want = releasing(101, 5, 1.0).mean(axis=0)
    assert np.bincount(answers, minlength=5) / 20_000 == pytest.approx(want, abs=0.015)


@pytest.mark.parametrize("width", [-1.0, 0.5, 0.99, float("nan"), float("inf")])
def test_noise_of_less_than_a_step_is_refused(width: float) -> None:
    """In the channel as in the policy: it would leave answers on the grid as they are."""
    with pytest.raises(BadInput, match="dither|at least 1"):
        POLICY.with_fields(dither=width)
    with pytest.raises(BadInput, match="at least 1"):
        releasing(5, 5, width)
