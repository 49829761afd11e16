"""Guard duty: what the paper says is what the house is, and thresholds count by what they cost on hidden traffic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.drills import load_kit
from drillyard.exercises.guard_duty.facts import Trials, clean_twin, draw_duty
from drillyard.exercises.guard_duty.stock import PRESSING, SOUND, load_stock

KIT = load_kit("guard-duty")
SEED = 2**61 + 5


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1), st.integers(-1, 10))
@settings(max_examples=50, deadline=None)
def test_shares_are_counted_as_by_hand(sound: list[int], pressing: list[int], threshold: int) -> None:
    """What is above is stopped, what is at the threshold or below passes."""
    trials = Trials(sound=np.sort(np.array(sound)), pressing=np.sort(np.array(pressing)))
    assert trials.blocked(threshold) == pytest.approx(sum(one > threshold for one in sound) / len(sound))
    assert trials.passed(threshold) == pytest.approx(sum(one <= threshold for one in pressing) / len(pressing))


def test_the_best_threshold_costs_least_of_all() -> None:
    """On hidden traffic no whole threshold is cheaper; both ends save nothing, and the reference nearly all."""
    duty = draw_duty(SEED)
    costs = {one: duty.cost(one, duty.hidden) for one in range(-100, 300)}
    assert costs[duty.best] == min(costs.values())
    ends = (duty.grid()[0], duty.grid()[-1])
    assert all(duty.regret(one) > 0.99 for one in ends) and duty.regret(duty.cheapest()) == 0
    assert duty.cost(ends[0], duty.hidden) == pytest.approx(1000 * (1 - duty.share) * duty.cost_blocked)


def test_the_form_can_be_answered_by_hand_from_the_paper() -> None:
    """Share, costs and both columns of the paper, added up as its example does, give the reference's threshold."""
    duty, sheet = draw_duty(SEED), KIT.sheet(SEED)
    (table,) = [part for part in sheet.parts if part.title == "Labelled replies"]
    by_hand = {
        int(at): (1 - duty.share) * duty.cost_blocked * int(stopped) / 2000
        + duty.share * duty.cost_passed * int(passed) / 1000
        for at, stopped, passed in table.rows
    }
    assert min(by_hand, key=lambda at: by_hand[at]) == int(KIT.solutions(SEED)["reference"]["threshold"])
    assert (
        f"costs {duty.cost_passed} euros" in sheet.parts[0].words and f"{duty.share * 100:g} %" in sheet.parts[0].words
    )


def test_papers_differ_and_the_twin_is_clean() -> None:
    """Another seed is another house; nothing happens in a twin, and all of its replies are sound."""
    one, other = draw_duty(SEED), draw_duty(SEED + 1)
    assert one.replies != other.replies and one.desks != other.desks
    assert {desk.cause for desk in one.desks} >= {"none", "pressure"}
    twin = clean_twin(one, SEED)
    assert not any(press for _, press, _ in twin.replies) and {desk.read() for desk in twin.desks} == {"none"}


def test_more_that_is_right_scores_more() -> None:
    """Every wrong fix stays below the mark; blank, half and all that is right rise."""
    scores = {name: KIT.score(SEED, answers)[0] for name, answers in KIT.solutions(SEED).items()}
    assert all(low < high for low, high in pairwise(scores[name] for name in ("blank", "half", "reference")))
    wrong = {fix.name: scores[fix.name] for fix in KIT.fixes if fix.verdict == "wrong"}
    assert len(wrong) == 15 and max(wrong.values()) < KIT.drill.pass_mark <= scores["reference"] == 1


def test_every_kind_of_reply_is_sound_or_presses() -> None:
    """The stock holds the kinds that are known, each reply once, with finite scores."""
    stock = load_stock()
    assert set(stock) == {*SOUND, *PRESSING}
    texts = [one.text for replies in stock.values() for one in replies]
    assert len(texts) == len(set(texts)) and all(abs(s) < 20 for r in stock.values() for one in r for s in one.scores)


def test_the_result_calls_costs_costs() -> None:
    """What a threshold costs is not shown as what it is worth, and the cheapest is the one called best."""
    result = KIT.score(SEED, KIT.solutions(SEED)["keeps-todays"])[1]
    assert result.heads == ("Threshold", "Cost") and "less is better" in result.caption
    costs = {words: int(cost.split()[0].replace(",", "")) for words, cost in result.options.items()}
    assert min(costs, key=lambda words: costs[words]).startswith("about the best")
    far = KIT.score(SEED, {**KIT.solutions(SEED)["reference"], "threshold": "1000000"})[1]
    assert far.decided == "flag above 1,000,000 points" and "yours, 1,000,000" in far.options
    assert far.after.endswith("?") and "guard" in far.after


@pytest.mark.parametrize("text", ["1e9", "-1e9", "1e308", "-1e308", ""])
def test_extreme_thresholds_save_nothing(text: str) -> None:
    """Far off either end a threshold is "flag none" or "flag all", and none is worth nothing."""
    assert KIT.score(SEED, {**KIT.solutions(SEED)["reference"], "threshold": text})[0] == pytest.approx(0.5)
