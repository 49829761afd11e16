"""Items by counting, beside closed forms, brute force and statsmodels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from psychometrics.planted_answers import LSAT6, answers
from statsmodels.stats.contingency_tables import StratifiedTable

from drillyard.errors import BadInput
from drillyard.psychometrics.bank import bank_of
from drillyard.psychometrics.classical import alpha, correlation, item_rest, persons_for_correlation
from drillyard.psychometrics.dif import dif
from drillyard.psychometrics.fit import fit
from drillyard.psychometrics.item_fit import item_fit, score_distribution
from drillyard.psychometrics.responses import from_rows


def test_the_reference_items() -> None:
    """LSAT-6: shares, alpha and item-rest correlations as R and a plain formula give them."""
    responses, rows = from_rows(LSAT6), np.array(LSAT6)
    assert np.nanmean(responses.shares(), axis=0) == pytest.approx([0.924, 0.709, 0.553, 0.763, 0.870], abs=5e-4)
    assert alpha(responses) == pytest.approx(0.294997, abs=1e-5)
    for item in range(5):
        plain = np.corrcoef(rows[:, item], np.delete(rows, item, axis=1).sum(axis=1))[0, 1]
        assert item_rest(responses, item).value == pytest.approx(plain)
    assert persons_for_correlation(0.2) == 194


@pytest.mark.parametrize("rows", [np.ones((30, 3)), np.zeros((30, 1)), np.zeros((0, 3)), np.full((5, 2), np.nan)])
def test_nothing_varies_and_nothing_is_said(rows: np.ndarray) -> None:
    """Constant columns, one item, nobody, no answers: unknown, not a number."""
    responses = from_rows(rows)
    told = item_rest(responses, 0)
    assert (told.low, told.high) == (-1, 1) and alpha(responses) is None


def test_intervals_of_correlations_cover() -> None:
    """Of 2000 samples of 40 pairs with a correlation of 0.4, 95 % of the intervals hold it."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 40))
    y = 0.4 * x + (1 - 0.4**2) ** 0.5 * rng.normal(size=x.shape)
    held = [(one := correlation(a, b)).low <= 0.4 <= one.high for a, b in zip(x, y, strict=True)]
    assert 0.93 <= np.mean(held) <= 0.97


def test_total_scores_are_distributed_as_by_brute_force() -> None:
    """Lord and Wingersky's recursion, against all patterns."""
    chances = np.random.default_rng(2).random((3, 4))
    plain = np.zeros((3, 5))
    for pattern in itertools.product((0, 1), repeat=4):
        plain[:, sum(pattern)] += np.prod(np.where(pattern, chances, 1 - chances), axis=1)
    assert score_distribution(chances) == pytest.approx(plain)


def test_fit_is_right_where_the_model_is_and_tells_where_it_is_not() -> None:
    """Under the model 1 to 10 % of items miss at 5 %; an item that falls for the able is told."""
    rng, missed, told = np.random.default_rng(3), [], []
    for _ in range(6):
        truth = bank_of(rng.lognormal(0, 0.2, 15), rng.normal(0, 0.7, 15))
        people = rng.normal(size=800)
        rows = answers(truth, people, rng)
        responses = from_rows(rows)
        bank = fit(responses)
        missed += [item_fit(bank, responses, i) < 0.05 for i in range(15)]
        rows[:, 0] = rng.random(800) < np.where(abs(people) < 0.8, 0.85, 0.25)
        odd = from_rows(rows)
        told.append(item_fit(fit(odd), odd, 0) < 0.01)
    assert 0.01 <= np.mean(missed) <= 0.11 and all(told)
    with pytest.raises(BadInput, match="more than one step"):
        steps = from_rows([[0, 2], [1, 1], [1, 0]])
        item_fit(fit(steps), steps, 0)


def test_differential_items_as_statsmodels_has_them() -> None:
    """Common odds ratio, its interval and the corrected test, stratum by stratum."""
    rng = np.random.default_rng(4)
    truth, people, focal = bank_of(np.ones(8), np.zeros(8)), rng.normal(size=600), rng.random(600) < 0.4
    rows = answers(truth, people, rng)
    rows[:, 0] = rng.random(600) < 1 / (1 + np.exp(-(people - 1.2 * focal)))
    found, totals = dif(from_rows(rows), 0, focal), rows.sum(axis=1)
    tables = [
        np.array([[np.sum(right & group & (totals == s)) for right in (rows[:, 0] == 1, rows[:, 0] == 0)]
                  for group in (~focal, focal)])
        for s in np.unique(totals)
    ]  # fmt: skip
    peer = StratifiedTable([t for t in tables if (t.sum(axis=0) > 0).all() and (t.sum(axis=1) > 0).all()])
    assert found.delta is not None
    assert found.delta.value == pytest.approx(-2.35 * peer.logodds_pooled)
    low, high = sorted(-2.35 * np.array(peer.logodds_pooled_confint()))
    assert (found.delta.low, found.delta.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))
    assert found.p_value == pytest.approx(peer.test_null_odds(correction=True).pvalue, rel=1e-6)
    assert found.grade == "C" and found.delta.high < 0  # harder for the focal group


def test_items_alike_for_both_groups_are_class_a() -> None:
    """In 40 cohorts without any difference hardly an item is C; a group of nobody is unknown."""
    rng, grades = np.random.default_rng(5), []
    truth = bank_of(np.ones(10), np.linspace(-1, 1, 10))
    for _ in range(40):
        responses = from_rows(answers(truth, rng.normal(size=400), rng))
        grades.append(dif(responses, 4, rng.random(400) < 0.5).grade)
    assert grades.count("C") <= 1 and grades.count("A") >= 34
    assert dif(responses, 4, np.zeros(400, dtype=bool)).grade == "unknown"
