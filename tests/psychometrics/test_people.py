"""Knowledge tracing, mastery, placement, gain and recall, beside closed forms, brute force and the reference."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from psychometrics.planted_answers import answers
from scipy import stats

from drillyard.errors import BadInput
from drillyard.psychometrics.bank import bank_of
from drillyard.psychometrics.gain import learning_gain
from drillyard.psychometrics.mastery import Costs, decide_mastery
from drillyard.psychometrics.placement import MOST_ITEMS, next_item, place
from drillyard.psychometrics.recall import Recalled, review
from drillyard.psychometrics.responses import from_rows
from drillyard.psychometrics.tracing import Skill, _loss, fit_skill


def test_tracing_as_by_hand() -> None:
    """The reference's numbers."""
    skill = Skill(known=0.3, learn=0.15, guess=0.2, slip=0.1)
    assert skill.right(0.3) == pytest.approx(0.41)
    assert skill.trace([True])[1] == pytest.approx(0.709756, abs=1e-6)
    with pytest.raises(BadInput, match=r"below 0\.5"):
        Skill(known=0.3, learn=0.1, guess=0.6, slip=0.1)


def test_the_likelihood_of_answers_is_that_of_all_hidden_paths() -> None:
    """The forward recursion against a sum over when the skill was learned."""
    known, learn, guess, slip = 0.3, 0.2, 0.25, 0.1
    for row in itertools.product((0.0, 1.0), repeat=4):
        total = 0.0
        for since in range(6):  # known before the first answer (0), … after the fifth or never (5)
            path = known if since == 0 else (1 - known) * (1 - learn) ** (since - 1) * (learn if since < 5 else 1)
            for at, answer in enumerate(row):
                right = 1 - slip if at >= since else guess
                path *= right if answer else 1 - right
            total += path if since < 5 else path
        assert _loss(np.array([known, learn, guess, slip]), np.array([row])) == pytest.approx(-np.log(total))


def test_a_planted_skill_is_recovered() -> None:
    """From 800 people with eight answers each; below 20 people nothing is said."""
    rng, rows = np.random.default_rng(1), []
    for _ in range(800):
        knows, row = rng.random() < 0.2, []
        for _ in range(8):
            row.append(bool(rng.random() < (0.9 if knows else 0.15)))
            knows = knows or rng.random() < 0.25
        rows.append(row)
    found = fit_skill(rows)
    assert found is not None
    assert (found.known, found.learn) == (pytest.approx(0.2, abs=0.07), pytest.approx(0.25, abs=0.06))
    assert (found.guess, found.slip) == (pytest.approx(0.15, abs=0.06), pytest.approx(0.1, abs=0.04))
    assert fit_skill(rows[:19]) is None and fit_skill([]) is None


def test_mastery_errs_no_more_than_its_costs_allow() -> None:
    """Of 1500 people those passed wrongly, and failed wrongly, are as few as the costs of both ask for."""
    rng = np.random.default_rng(2)
    bank, people = bank_of(np.full(30, 1.4), np.linspace(-2, 2, 30)), rng.normal(size=1500)
    responses = from_rows(answers(bank, people, rng))
    costs = Costs(false_pass=100, false_fail=50, patience=5)
    made = [decide_mastery(bank, responses, 0.3, costs, i) for i in range(0, 1500, 5)]
    able = people[::5] >= 0.3
    passed = np.array([one.verdict == "pass" for one in made])
    failed = np.array([one.verdict == "not-yet" for one in made])
    assert np.mean(~able[passed]) <= 0.05 and np.mean(able[failed]) <= 0.1
    assert 0.6 < np.mean(passed | failed) < 1
    unsure = next(one for one in made if one.verdict == "insufficient-evidence")
    assert unsure.needed >= 1 and "more answers needed" in unsure.words


def test_nothing_is_decided_without_answers() -> None:
    """A cut that all of the cohort is above still passes nobody who did nothing."""
    nothing = from_rows(np.full((1, 3), np.nan))
    assert decide_mastery(bank_of([1, 1, 1], [0, 0, 0]), nothing, -5.0).verdict == "insufficient-evidence"


def test_placement_finds_the_level_with_few_questions() -> None:
    """At most twelve, no item twice, subjects in turn, and as sure as it says over 150 people."""
    rng = np.random.default_rng(3)
    bank = bank_of(rng.lognormal(0.5, 0.2, 80), rng.normal(0, 1.2, 80))
    content = {name: "ab"[i % 2] for i, name in enumerate(bank.items)}
    off, firsts = [], set()
    for person, ability in enumerate(rng.normal(size=150)):
        row, given = answers(bank, np.array([ability]), rng)[0], {}
        while (name := next_item(bank, given, seed=person, content=content)) is not None:
            assert name not in given
            given[name] = int(row[bank.items.index(name)])
        firsts.add(next(iter(given)))
        assert 1 <= len(given) <= MOST_ITEMS
        subjects = [content[name] for name in given]
        assert abs(subjects.count("a") - subjects.count("b")) <= 1
        mean, deviation = place(bank, given)
        off.append((mean - ability) / deviation)
    assert np.mean(np.abs(off) < 1.96) > 0.9 and len(firsts) >= 4
    with pytest.raises(BadInput, match="did you mean 'item 1"):
        place(bank, {"item 1x": 1})
    with pytest.raises(BadInput, match="a score of 2"):
        place(bank, {"item 1": 2})


def test_gain_is_free_of_the_easier_form() -> None:
    """A gain of 0.15 is found although form B is easier by 0.2, with the interval of a t-test on the two orders."""
    rng, held = np.random.default_rng(4), []
    for _ in range(300):
        base = rng.uniform(0.2, 0.4, size=(2, 30))
        noise = rng.normal(0, 0.05, size=(2, 30))
        a_first = [(x, min(x + 0.2 + 0.15 + e, 1)) for x, e in zip(base[0], noise[0], strict=True)]
        b_first = [(x + 0.2, x + 0.15 + e) for x, e in zip(base[1], noise[1], strict=True)]
        made = learning_gain(a_first, b_first)
        assert made.gain is not None and made.form is not None
        held.append(made.gain.low <= 0.15 <= made.gain.high)
    assert np.mean(held) > 0.92 and made.form.value == pytest.approx(0.2, abs=0.03)
    differences = [np.array([after - before for before, after in arm]) for arm in (a_first, b_first)]
    peer = stats.ttest_ind(differences[0], -differences[1], equal_var=False).confidence_interval(0.95)
    assert made.gain.high - made.gain.low == pytest.approx((peer.high - peer.low) / 2)


def test_gain_says_how_many_more_it_takes() -> None:
    """Too few people, and people who did not change."""
    few = learning_gain([(0.2, 0.5)] * 3, [])
    assert few.gain is None and few.needed == 17 and "17 more people needed" in few.verdict
    none = learning_gain(*[[(0.5, 0.5 + e) for e in (-0.11, 0.12)] * 10] * 2)
    assert "no gain is shown" in none.verdict and none.needed > 0
    with pytest.raises(BadInput, match=r"a share of 1\.2"):
        learning_gain([(0.2, 1.2)], [])


@pytest.mark.parametrize("alike", [[(0.1, 0.4)] * 12, [(0.1, 0.4), (0.5, 0.8), (0.2, 0.5)] * 4])
def test_people_who_all_change_alike_show_no_gain(alike: list[tuple[float, float]]) -> None:
    """With no spread in one order of forms, or both, or only that of rounding, no interval of width 0 is told."""
    spread = [(0.1, 0.3 + 0.05 * (number % 5)) for number in range(12)]
    for arms in ((alike, alike), (alike, spread), (spread, alike)):
        made = learning_gain(*arms)
        assert made.gain is None and made.form is None and made.needed > 0
        assert made.verdict.startswith("not enough evidence")
    assert learning_gain(spread, spread).gain is not None


def test_bounds_of_a_gain_stay_within_what_can_be() -> None:
    """Nobody gains more than all: 12 people an order, most from nothing to everything, and the other way round."""
    up, down = [[(a, 1 - a)] * 9 + [(0.5, 0.5)] * 3 for a in (0.0, 1.0)]
    for arms in (
        (up, up),
        (down, down),
        (up, down),
        ([(0.0, 1.0)] * 11 + [(0.9, 0.0)], [(0.0, 1.0)] * 11 + [(0.8, 1.0)]),
    ):
        made = learning_gain(*arms)
        assert made.gain is not None and made.form is not None
        assert all(-1 <= one.low <= one.value <= one.high <= 1 for one in (made.gain, made.form))
    assert made.gain.high == 1


def test_recall_comes_as_the_reference_says() -> None:
    """FSRS-6 with its default parameters: the intervals in days."""
    at, card, days = datetime(2022, 11, 29, 12, 30, tzinfo=UTC), None, []
    for grade in [3] * 6 + [1] * 2 + [3] * 5:
        card = review(card, grade, at)
        days.append((card.due - at).days)
        at = card.due
    assert days == [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]
    with pytest.raises(BadInput, match="a grade of 5"):
        review(card, 5, at)
    with pytest.raises(BadInput, match="not before the last review"):
        review(card, Recalled.GOOD, at - timedelta(days=400))
    with pytest.raises(BadInput, match="with its zone"):
        review(None, Recalled.GOOD, datetime(2026, 1, 1))
