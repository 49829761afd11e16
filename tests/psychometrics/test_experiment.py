"""Experiments: the bets are fair, looking is free, and planted effects are decided on as often as is promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.psychometrics.experiment import ADOPT_AT, Trial, decide, detectable, evidence, pairs_needed
from drillyard.psychometrics.loop import run_loop
from drillyard.psychometrics.pairs import log_bets

rates = st.floats(0, 1)


@given(rates, rates)
def test_no_bet_wins_on_average_where_the_new_form_is_no_better(one: float, other: float) -> None:
    """The expectation of each bet over the four outcomes of a pair is at most 1, for every pair of true rates."""
    old, new = max(one, other), min(one, other)
    chances = np.array([old * new, old * (1 - new), (1 - old) * new, (1 - old) * (1 - new)])
    assert (chances @ np.exp(log_bets())).max() <= 1 + 1e-12


def paths(old: float, new: float, pairs: int, streams: int, seed: int) -> np.ndarray:
    """Return the log evidence of many streams after each pair, from running counts: another road than `evidence`."""
    rng = np.random.default_rng(seed)
    first, second = rng.random((streams, pairs)) < old, rng.random((streams, pairs)) < new
    outcome = np.stack([first & second, first & ~second, ~first & second, ~first & ~second], axis=2).cumsum(axis=1)
    logs = outcome @ log_bets()
    top = logs.max(axis=2)
    return top + np.log(np.exp(logs - top[..., None]).mean(axis=2))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_looking_after_every_pair_adopts_no_more_than_one_in_twenty(rate: float) -> None:
    """600 streams of 300 pairs without any difference, read 300 times each."""
    wrong = (paths(rate, rate, 300, 600, 1) >= np.log(ADOPT_AT)).any(axis=1)
    assert wrong.mean() <= 0.05


@pytest.mark.parametrize(("old", "new"), [(0.5, 0.7), (0.3, 0.6), (0.6, 0.9)])
def test_the_planned_number_of_pairs_has_the_power(old: float, new: float) -> None:
    """As many pairs as are asked for show the effect four times in five, on other streams than it was planned on."""
    needed = pairs_needed(old, new - old)
    power = (paths(old, new, needed, 600, 2) >= np.log(ADOPT_AT)).any(axis=1).mean()
    assert 0.76 <= power <= 0.9, power  # 400 and 600 streams: two standard errors are 0.05
    assert detectable(old, needed) == pytest.approx(new - old)


def test_evidence_is_that_of_the_counts() -> None:
    """Pair by pair and in one go are the same; the other side is the mirror."""
    rng = np.random.default_rng(3)
    old, new = (rng.random(40) < 0.4).tolist(), (rng.random(40) < 0.7).tolist()
    better, worse = evidence(old, new)
    assert evidence(new, old) == (worse, better)
    assert evidence(old, [*new, True, False]) == (better, worse)  # the last two wait for their pairs
    assert evidence([], []) == (pytest.approx(1), pytest.approx(1))


def test_decisions_on_planted_effects() -> None:
    """Good, bad, nothing, and too few, each told in words with what it takes."""
    rng = np.random.default_rng(4)

    def trial(name: str, old: float, new: float, n: int = 200, most: int = 1000) -> Trial:
        arms = [tuple((rng.random(n) < rate).tolist()) for rate in (old, new)]
        return Trial(revision=name, old=arms[0], new=arms[1], most=most)

    made = decide(
        [trial("good", 0.4, 0.8), trial("bad", 0.6, 0.3), trial("same", 0.5, 0.5, most=100), trial("few", 0.4, 0.9, 3)]
    )
    assert [one.action for one in made] == ["adopt", "roll-back", "end", "collect"]
    assert made[0].effect.low > 0 and "worse" in made[1].words and "no difference" in made[2].words
    assert "not enough evidence" in made[3].words
    assert decide([]) == ()


def test_many_experiments_at_once_ask_for_more() -> None:
    """Evidence of 25 adopts one revision that is tried alone, and none of twenty of which it is one (e-BH)."""
    old, new = (False,) * 7 + (True,) * 7, (True,) * 14
    while evidence(old, new)[0] < 25:
        old, new = (*old, False), (*new, True)
    alone = Trial(revision="one", old=old, new=new)
    rest = [Trial(revision=f"r{i}", old=(True, False), new=(False, True)) for i in range(19)]
    assert decide([alone])[0].action == "adopt"
    assert decide([alone, *rest])[0].action == "collect"


def test_the_loop_adopts_rolls_back_and_costs_less_than_nothing() -> None:
    """Planted effects of ±0.25 in cohorts of 500: right in at least 9 of 10, and more is solved than without."""
    chances, right, gained = ((0.5, 0.75), (0.5, 0.25), (0.5, 0.5)), [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        lucky = rng.random((500, 3))
        found = run_loop(
            lambda learner, k, new, lucky=lucky: bool(lucky[learner, k] < chances[k][new]),
            ["good", "bad", "same"],
            learners=500,
            seed=1000 + seed,  # lots of their own, or they would go with the luck
        )
        right.append([one.action for one in found.decisions][:2] == ["adopt", "roll-back"])
        right.append(found.decisions[2].action != "adopt")
        gained.append(found.solved / found.tasks - (lucky < 0.5).mean())
    assert np.mean(right) > 0.9 and np.mean(gained) > 0.02


def test_an_adopted_form_that_turns_out_worse_is_rolled_back() -> None:
    """A form that wears off after 300 learners: the tenth that keeps the old one shows it."""
    rng = np.random.default_rng(7)
    lucky = rng.random(6000)

    def solves(learner: int, _: int, new: bool) -> bool:
        rate = 0.5 if not new else 0.85 if learner < 150 else 0.05
        return bool(lucky[learner] < rate)

    (decision,) = run_loop(solves, ["novelty"], learners=4000, look_every=50).decisions
    assert decision.action == "roll-back"


@pytest.mark.parametrize(("base", "effect"), [(0.5, 0.0), (0.9, 0.2), (0.5, -0.1)])
def test_what_cannot_be_shown_takes_no_number(base: float, effect: float) -> None:
    """No effect, a rate above 1, or harm: 0, and nothing is detectable with one pair."""
    assert pairs_needed(base, effect) == 0
    assert detectable(base, 1) is None
    with pytest.raises(BadInput):
        pairs_needed(1.5, 0.1)
