"""Mitigations: closed forms where there are some, and the three-outcome case that none repairs."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.containment.forecasting.influence import linear, logistic
from drillyard.containment.forecasting.mitigations import Dials, compare_mitigations
from drillyard.containment.forecasting.outcomes import SimplexRule, best_on_simplex, rotations, search_rules
from drillyard.containment.forecasting.report import random_questions
from drillyard.containment.forecasting.response import brier_linear
from drillyard.containment.forecasting.rules import BRIER
from drillyard.errors import BadInput


def test_every_mitigation_against_its_closed_form() -> None:
    """(a, b) = (.25, .4), unread .45: each gap by hand."""
    rows = {row.name: row for row in compare_mitigations(BRIER, linear(0.25, 0.4)).rows}
    assert rows["none"].gap == pytest.approx(0.1)
    assert abs(rows["erasure scoring"].gap - 0.02) < 1e-9 and rows["erasure scoring"].incentive == 0
    assert rows["performative stability"].gap == pytest.approx(0, abs=1e-12)
    few = float(brier_linear(0.75 * 0.45 + 0.25 * 0.25, 0.1))
    assert rows["fewer readers"].gap == pytest.approx(abs(0.4 + 0.1 * few - few), abs=1e-9)
    assert rows["randomised disclosure"].gap == pytest.approx(abs(0.25 + 0.4 * few - few), abs=1e-9)
    assert rows["rounding grid"].gap == pytest.approx(0.1) and rows["influence bound"].gap <= 0.05
    assert rows["zero-sum pair"].gap == pytest.approx(0, abs=1e-12) and rows["zero-sum pair"].incentive == 0


def test_costs_on_many_questions() -> None:
    """Fewer readers lose what they do not read; nothing but the honest rows has no incentive; every cap is kept."""
    compared = compare_mitigations(BRIER, random_questions(400), Dials(cap=0.03))
    rows = {row.name: row for row in compared.rows}
    assert len(rows) == 8 and rows["fewer readers"].resolution_lost > 0.03
    assert rows["none"].incentive > 0.01 > rows["influence bound"].incentive
    assert rows["erasure scoring"].resolution_lost > 0 == rows["zero-sum pair"].incentive
    assert rows["influence bound"].gap_most <= 0.06 and "does not show" in compared.does_not_show


def test_an_honest_pair_is_no_equilibrium_where_a_crowd_tips() -> None:
    """With slope above 1 at the honest point one of the pair gains by leaving, and the row says so."""
    rows = {row.name: row for row in compare_mitigations(BRIER, logistic(0, 8)).rows}
    assert rows["zero-sum pair"].incentive > 0.01 and rows["zero-sum pair"].gap > 0.01


def test_fields_stay_on_the_simplex_and_reports_are_best() -> None:
    """Fields map the corners into the simplex; no random report scores more than the best response."""
    turns, shifts = rotations(8, 0.25)
    rng = np.random.default_rng(5)
    rule = SimplexRule(weights=np.array([1.0]), directions=np.array([[3.0, -1.0, 0.5]]), root=np.eye(3))
    for turn, shift in zip(turns, shifts, strict=True):
        corners = turn.T + shift
        assert corners.min() >= 0 and corners.sum(1) == pytest.approx(1)
        best, gap = best_on_simplex(rule, turn, shift)
        tried = rng.dirichlet(np.ones(3), 3000)
        score = rule.expected(tried, tried @ turn.T + shift)
        assert rule.expected(best, turn @ best + shift) >= score.max() - 1e-6 and 0 <= gap <= 1
        assert rule.expected(best, best) >= rule.expected(tried, np.broadcast_to(best, tried.shape)).max() - 1e-9


def test_three_outcomes_keep_a_gap_that_two_lose() -> None:
    """The best rule found leaves over .01 with three outcomes; two are repaired to under .0025 (strength / rate)."""
    found = search_rules(fields=8, rules=30)
    assert found.brier_gap >= found.gap > 0.01 > 4 * found.binary_gap
    assert found.binary_gap <= found.strength / found.binary_rate


def test_bad_dials_are_refused() -> None:
    """Shares outside 0 … 1 and fields that leave the simplex."""
    with pytest.raises(BadInput):
        Dials(readers=2)
    with pytest.raises(BadInput):
        rotations(3, 0.6)
