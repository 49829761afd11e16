"""Best responses against the reference, brute force, simulation, and the first-order bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.containment.forecasting.influence import (
    adoption,
    clipped,
    influence,
    linear,
    logistic,
    mix,
    read_table,
    table,
)
from drillyard.containment.forecasting.report import answer_of, portfolio_of, random_questions
from drillyard.containment.forecasting.response import best_reports, brier_linear, fixed_points, honest_reports
from drillyard.containment.forecasting.rules import BRIER, EDGE, LOG, RULES, SPHERICAL, ScoringRule, exponential
from drillyard.errors import BadInput

unit = st.floats(0, 1)


def test_reference_values() -> None:
    """(a, b) = (.25, .4): fixed point .4167; Brier .2500, gap .1000; log .2965, gap .0721."""
    brier, log = (answer_of(rule, linear(0.25, 0.4)) for rule in (BRIER, LOG))
    assert brier.fixed_points == log.fixed_points and [round(p, 4) for p in brier.fixed_points] == [0.4167]
    assert (round(brier.report, 4), round(brier.gap, 4)) == (0.2500, 0.1000)
    assert (round(log.report, 4), round(log.gap, 4)) == (0.2965, 0.0721)
    assert brier.regret == pytest.approx(1 / 180) and "does not show" in brier.does_not_show


@given(unit, st.floats(-1, 1))
@settings(max_examples=80)
def test_closed_form_beats_every_report(level: float, slope: float) -> None:
    """Interior, border and convex cases: no report of a dense grid scores more than the closed form."""
    a = level * (1 - abs(slope)) + max(0.0, -slope)
    p = np.linspace(0, 1, 2001)
    best = float(brier_linear(a, slope))
    score = BRIER.expected(p, a + slope * p)
    assert BRIER.expected(np.array(best), np.array(a + slope * best)) >= score.max() - 1e-12


@given(unit, st.floats(0, 0.99), st.sampled_from([LOG, SPHERICAL, exponential(5)]))
@settings(max_examples=40, deadline=None)
def test_search_beats_every_report_and_inner_gaps_keep_the_bound(level: float, slope: float, rule: ScoringRule) -> None:
    """The numeric best response is none the worse for a grid four times as fine; inside, its gap obeys the bound."""
    moved, p = linear(level * (1 - slope), slope), np.clip(np.linspace(0, 1, 4001), EDGE, 1 - EDGE)
    found = answer_of(rule, moved)
    best = np.clip(np.array([found.report]), EDGE, 1 - EDGE)
    score = rule.expected(best, moved(best)[0])[0]
    assert score >= rule.expected(p, moved(p)[0]).max() - 1e-9
    if 1e-6 < found.report < 1 - 1e-6 and found.bound is not None:
        assert found.gap <= found.bound * 1.001 + 1e-6


def test_search_agrees_with_the_closed_form() -> None:
    """The same Brier questions through the grid, as if they were no lines."""
    lines = random_questions(300, 0.45, seed=3)
    hidden = influence("hidden", lines.function, lines.unread, size=300)
    assert best_reports(BRIER, hidden) == pytest.approx(best_reports(BRIER, lines), abs=1e-6)
    assert honest_reports(hidden) == pytest.approx(honest_reports(lines), abs=1e-9)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_simulated_scores_agree(rule: ScoringRule) -> None:
    """A million coins: the best report outscores honesty by its regret, within four standard errors."""
    found, rng = answer_of(rule, linear(0.25, 0.4)), np.random.default_rng(2)
    assert found.honest is not None and found.regret is not None
    draws = []
    for report in (max(found.report, EDGE), found.honest):
        event = (rng.random(1_000_000) < 0.25 + 0.4 * report).astype(float)
        draws.append(rule.expected(np.array(report), event))
    error = (sum(float(one.var()) for one in draws) / 1e6) ** 0.5
    assert abs(draws[0].mean() - draws[1].mean() - found.regret) < 4 * error


def test_many_fixed_points() -> None:
    """A crowd that tips has three; a copy of the report has a stretch, given by its ends; a jump has none."""
    low, middle, high = fixed_points(logistic(0, 8))
    assert middle == pytest.approx(0.5) and low == pytest.approx(1 - high) and low < 0.03
    assert fixed_points(linear(0, 1)) == (0.0, 1.0)
    jump = influence("jump", lambda p: np.where(p < 0.5, 0.8, 0.2))
    assert fixed_points(jump) == () and answer_of(BRIER, jump).honest is None
    assert min(abs(honest_reports(logistic(0, 8))[0] - end) for end in (low, high)) < 1e-9


def test_tables_mixes_and_readers(tmp_path: Path) -> None:
    """A table through the line is the line; a mix of readers is the line of the mean; nobody reading leaves unread."""
    line = linear(0.25, 0.4)
    p = np.linspace(0, 1, 11)
    file = tmp_path / "t.csv"
    file.write_text("report,outcome\n0,0.25\n1,0.65\n")
    assert read_table(file)(p) == pytest.approx(line(p)) == table([0, 0.5, 1], [0.25, 0.45, 0.65])(p)
    assert mix([linear(0.2, 0.2), linear(0.3, 0.6)], [0.5, 0.5])(p) == pytest.approx(line(p))
    assert adoption(line, 0.0)(p) == pytest.approx(np.full((1, 11), 0.45))
    assert clipped(0, 1.5)(p).max() == 1


def test_bad_influences_are_refused(tmp_path: Path) -> None:
    """No probability, no table, no weights: one line each."""
    with pytest.raises(BadInput, match="expected"):
        linear(0.9, 0.4)
    with pytest.raises(BadInput, match="expected"):
        table([0], [1])
    with pytest.raises(BadInput, match="expected"):
        mix([linear(0, 1)], [0.5])
    with pytest.raises(BadInput, match="report,outcome"):
        read_table(tmp_path / "none.csv")


def test_ten_thousand_questions() -> None:
    """The mean gap of a portfolio is that of its questions one by one; steep slopes end at a border."""
    many = portfolio_of(BRIER, random_questions(10_000, 0.8))
    assert many.questions == 10_000 and many.gap.low <= many.gap.value <= many.gap.high
    few = random_questions(20, 0.8, seed=4)
    a, b = few.lines or (few.unread, few.unread)
    alone = [answer_of(LOG, linear(a[k], b[k])).gap for k in range(20)]
    assert portfolio_of(LOG, few).gap.value == pytest.approx(np.mean(alone), abs=1e-6)
    assert many.share_over_5_percent > 0.5  # published: often above 5 to 10 %
