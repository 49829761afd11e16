"""Reports on items: planted bad ones are found at the n that theory allows, sound ones left alone, few say little."""

from __future__ import annotations

import numpy as np
import pytest
from psychometrics.planted_answers import answers

from drillyard.psychometrics.analysis import analyse
from drillyard.psychometrics.bank import bank_of
from drillyard.psychometrics.classical import persons_for_correlation
from drillyard.psychometrics.responses import from_rows


def cohort(people: int, rng: np.random.Generator, bad: float | None) -> np.ndarray:
    """Return answers to twelve items, the first of which may have another slope."""
    slopes = rng.lognormal(0, 0.25, 12)
    if bad is not None:
        slopes[0] = bad
    return answers(bank_of(slopes, rng.normal(0, 0.6, 12)), rng.normal(size=people), rng)


def test_a_planted_bad_item_is_found_and_sound_ones_are_not_flagged() -> None:
    """As many people as tell an r of −0.25 among twelve items find a mis-keyed one; few cohorts flag a sound one."""
    rng, found, wrong = np.random.default_rng(1), [], []
    people = persons_for_correlation(0.25, alpha=0.05 / 12)
    for _ in range(40):
        flagged = {one.item for one in analyse(from_rows(cohort(people, rng, -0.8))).items if one.flag}
        found.append("item 1" in flagged)
        wrong.append(bool(flagged - {"item 1"}))
    assert np.mean(found) >= 0.8 and np.mean(wrong) <= 0.1, (people, np.mean(found), np.mean(wrong))


def test_a_proposal_says_what_it_rests_on_and_what_it_takes() -> None:
    """Evidence with n, hypothesis, edit, expected and detectable effect."""
    report = analyse(from_rows(cohort(300, np.random.default_rng(2), -0.8)))
    (proposal,) = report.proposals
    assert proposal.target == "item 1" and proposal.n == 300 and "item-rest r -" in proposal.evidence
    assert proposal.measure == "item-rest r" and 0.3 < proposal.expected < 1
    assert proposal.detectable is not None and 0.2 < proposal.detectable < 0.5
    assert 20 < proposal.learners_needed < 300  # a rise by half a correlation is seen in fewer than there are


def test_items_too_hard_and_too_easy_are_told_apart() -> None:
    """An item hardly anybody solves gets an experiment, one that all solve is to be left out."""
    rng = np.random.default_rng(3)
    rows = answers(bank_of(np.ones(6), [3.9, -5.0, 0, 0.5, -0.5, 0.2]), rng.normal(size=400), rng)
    report = analyse(from_rows(rows))
    assert [one.flag for one in report.items[:3]] == ["too-hard", "too-easy", ""]
    hard, easy = report.proposals
    assert hard.measure == "share" and hard.expected == 0.25 and hard.learners_needed > 50
    assert easy.expected == 0 and easy.learners_needed == 0 and "no experiment" in easy.edit


@pytest.mark.parametrize("people", [0, 1, 3, 19])
def test_few_people_allow_nothing(people: int) -> None:
    """Below twenty: how many more are needed, and no number."""
    report = analyse(from_rows(np.ones((people, 4))))
    assert not report.enough and report.needed == 20 - people and report.items == () and report.abilities == ()
    assert f"{20 - people} more needed" in report.verdict


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_who_all_do_the_same_say_nothing_of_difficulty(value: float) -> None:
    """All right or all wrong, also with one item: unknown, and an extreme flag only where n bears it."""
    for items in (1, 5):
        report = analyse(from_rows(np.full((30, items), value)))
        assert report.enough and all(one.difficulty is None and one.slope is None for one in report.items)
        assert all(one.flag in ("", "too-hard") for one in report.items)
    assert {one.flag for one in analyse(from_rows(np.ones((100, 3)))).items} == {"too-easy"}


def test_slopes_are_told_from_a_hundred_answers_on() -> None:
    """Below, one slope is taken for all and none is told."""
    rng = np.random.default_rng(4)
    assert all(one.slope is None for one in analyse(from_rows(cohort(99, rng, None))).items)
    assert all(one.slope is not None for one in analyse(from_rows(cohort(120, rng, None))).items)


def test_an_item_that_few_met_is_left_out_and_counted() -> None:
    """Ten answers among a hundred people."""
    rows = cohort(100, np.random.default_rng(5), None)
    rows[10:, 3] = np.nan
    report = analyse(from_rows(rows))
    assert len(report.items) == 11 and "too few answers to 1 more" in report.verdict


def test_abilities_name_nobody() -> None:
    """They come sorted, so that their place tells nothing."""
    values = [one.value for one in analyse(from_rows(cohort(60, np.random.default_rng(6), None))).abilities]
    assert len(values) == 60 and values == sorted(values)
