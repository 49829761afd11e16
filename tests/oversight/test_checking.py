"""Checking by parts: claims against facts, and forecasts against the laws of chance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.checking.claims import likest, nearest, sentences
from drillyard.oversight.checking.forecast import ForecastTree, TreeEvent, check_forecast
from drillyard.oversight.checking.verify import check_answer, draw_answers, measure_checking
from drillyard.oversight.disputes.clerk import clerk
from drillyard.oversight.recipes.agents import Scripted
from drillyard.oversight.recipes.run import RecipeRun

FACTS = ("The Fjord has a warranty of 2 years.", "The Aurora costs 49 euros.", "Delivery is free over 40 euros.")


def event(name: str, **fields: Any) -> TreeEvent:
    """Return an event of a forecast."""
    return TreeEvent(id=name, **fields)


def test_each_claim_gets_its_own_verdict() -> None:
    """One supported, one contradicted, one that no fact speaks of; a judge that rambles makes all unknown."""
    answer = "The Fjord has a warranty of 7 years. The Aurora costs 49 euros. The Pope likes lamps."
    checked = RecipeRun().run(check_answer, answer, FACTS, clerk())
    assert [one.verdict for one in checked] == ["contradicted", "supported", "unknown"]
    vague = RecipeRun().run(check_answer, answer, FACTS, Scripted("judge", lambda prompt, seed: "Hm."))
    assert {one.verdict for one in vague} == {"unknown"}


@pytest.mark.walk
def test_factored_checking_beats_one_shot_for_a_weak_reader() -> None:
    """At equal tokens; a perfect reader gains nothing by it."""
    cases = draw_answers(load_world("helpdesk"), 120)
    weak = measure_checking(cases, clerk(0.5, seed=1), RecipeRun())
    assert weak.one_shot_tokens >= weak.factored_tokens * 0.98
    assert weak.factored.value > weak.one_shot.value and weak.factored.value > 0.85
    strong = measure_checking(cases[:40], clerk(1.0), RecipeRun())
    assert strong.factored.value >= 0.97 and "Neither" in strong.verdict


def test_sentences_keep_everything() -> None:
    """A word or two goes with the next sentence; a text without an end is one claim; a long one is still whole."""
    assert sentences("No. Keep away. It burns a lot.") == ["No. Keep away.", "It burns a lot."]
    assert sentences("no end") == ["no end"] and sentences("  ") == []
    long = " ".join(f"This is number {n}." for n in range(120))
    assert " ".join(sentences(long)) == long and len(sentences(long)) == 51


def test_the_nearest_fact_shares_the_rarest_words() -> None:
    """Names count more than what every fact says."""
    assert nearest("how long is the warranty of the fjord", FACTS, 1) == FACTS[:1]


@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=4))
def test_a_forecast_from_one_distribution_is_coherent(raw: list[float]) -> None:
    """Marginals, conditionals, conjunction and disjunction of any joint distribution break no law."""
    both, only_a, only_b, neither = (one / sum(raw) for one in raw)
    a, b = both + only_a, both + only_b
    events = (
        event("a", p=a),
        event("b", p=b, given="a", p_if=both / a, p_if_not=only_b / (1 - a)),
        event("not-a", p=1 - a),
        event("a-and-b", p=both, all_of=("b", "a")),
        event("a-or-b", p=a + only_b, any_of=("a", "b")),
    )
    assert check_forecast(ForecastTree(events=events, one_of=(("a", "not-a"),))) == ()
    assert neither >= 0


@pytest.mark.parametrize(
    ("events", "one_of", "law"),
    [
        ([event("a", p=0.5), event("b", p=0.7)], (("a", "b"),), "exactly one"),
        ([event("a", p=0.5), event("b", p=0.9, given="a", p_if=0.5, p_if_not=0.3)], (), "total probability"),
        ([event("a", p=0.5), event("b", p=0.6), event("c", p=0.55, all_of=("a", "b"))], (), "all of several"),
        ([event("a", p=0.5), event("b", p=0.3, given="a", p_if=0.6), event("c", p=0.1, all_of=("b", "a"))],
         (), "product of a chance"),
        ([event("a", p=0.5), event("b", p=0.2, given="a", p_if=0.9)], (), "a part is at most the whole"),
        ([event("a", p=0.5), event("c", p=0.4, any_of=("a",))], (), "one of several"),
    ],
)  # fmt: skip
def test_every_broken_law_is_named(events, one_of, law) -> None:
    """The conjunction fallacy among them."""
    assert law in check_forecast(ForecastTree(events=events, one_of=one_of))[0].law


def test_a_forecast_about_strangers_or_in_circles_is_one_line() -> None:
    """Names are checked before chances."""
    with pytest.raises(BadInput, match="did you mean 'rain'"):
        check_forecast(ForecastTree(events=(event("rain", p=0.5), event("x", p=0.5, given="rian"))))
    with pytest.raises(BadInput, match="a circle of conditions: a given b given a"):
        check_forecast(ForecastTree(events=(event("a", p=0.5, given="b"), event("b", p=0.5, given="a"))))


def test_the_fact_beside_a_claim_is_the_one_that_it_contradicts() -> None:
    """A rare figure must not lay a fact about something else beside a claim."""
    facts = ("The Kestrel runs for 7 hours on one charge.", *FACTS)
    claim = "The Fjord has a warranty of 7 years."
    assert likest(claim, facts)[0] == FACTS[0] and set(likest(claim, facts)) == set(facts)
    checked = RecipeRun().run(check_answer, claim, facts, clerk(1.0))
    assert (checked[0].verdict, checked[0].facts[0]) == ("contradicted", FACTS[0])
