"""The recommendation: least cost under the limits, and none where none holds them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.alignment.weighing.frontier import Point
from drillyard.alignment.weighing.recommend import Limit, cost_of, parse_limit, recommend
from drillyard.errors import BadInput
from drillyard.records import Estimate

ALIKE = {"harmful-compliance": 1.0, "over-refusal": 1.0}


def point(name: str, strength: float, harm: float, refusal: float, room: float = 0.02) -> Point:
    """Return a point with intervals of a given half-width."""
    sides = {"harmful-compliance": harm, "over-refusal": refusal}
    return Point(
        technique=name,
        strength=strength,
        seeds=3,
        figures={
            key: Estimate(value=x, low=max(0.0, x - room), high=min(1.0, x + room), n=200, method="made")
            for key, x in sides.items()
        },
    )


POINTS = [point("identity", 0, 0.7, 0.0), point("sft", 1, 0.03, 0.06), point("dpo", 0.1, 0.02, 0.05)]
share = st.floats(0, 1)
some = st.lists(st.tuples(share, share), min_size=1, max_size=8).map(
    lambda sides: [point("sft", i + 1, harm, refusal) for i, (harm, refusal) in enumerate(sides)]
)


def test_the_cheapest_is_recommended_with_its_reason() -> None:
    """Weights decide; the words say what it cost, of what, and what came next."""
    found = recommend(POINTS, ALIKE)
    assert (found.technique, found.strength, found.considered) == ("dpo", 0.1, 3)
    assert found.reason == (
        "dpo at 0.1 costs least of the 3 points: 0.070 = 1 × 0.020 harmful-compliance + 1 × 0.050 over-refusal. "
        "Next is sft at 1 with 0.090."
    )
    careless = recommend(POINTS, {"harmful-compliance": 0.01, "over-refusal": 1})
    assert (careless.technique, careless.cost) == ("identity", pytest.approx(0.007))


def test_limits_are_held_to_the_high_end() -> None:
    """A rate of 2 % that may be 4 % does not hold a limit of 3 %, unless the value alone is asked for."""
    high = recommend(POINTS, ALIKE, [parse_limit("harmful-compliance<=0.03")])
    assert high.technique == "" and (high.nearest, high.nearest_strength) == ("dpo", 0.1)
    assert high.reason == (
        "None of the 3 points is good enough. Nearest is dpo at 0.1: harmful-compliance.high<=0.03 fails with 0.040, "
        "0.010 too much."
    )
    assert [(check.limit, check.holds) for check in high.checks] == [("harmful-compliance.high<=0.03", False)]
    value = recommend(POINTS, ALIKE, [parse_limit("harmful-compliance.value<=3%")])
    assert value.technique == "dpo" and value.holding == 2 and "2 of 3 points that hold the limit" in value.reason


@given(some, share, share)
def test_the_recommendation_is_right_for_any_points(points: list[Point], harm: float, refusal: float) -> None:
    """It holds every limit and nothing that does is cheaper; none is said only where none holds them."""
    limits = [Limit(figure="harmful-compliance", most=harm), Limit(figure="over-refusal", end="value", most=refusal)]
    found = recommend(points, ALIKE, limits)
    good = [p for p in points if p.harm.high <= harm and p.refusal.value <= refusal]
    assert found.holding == len(good)
    if good:
        assert all(check.holds for check in found.checks)
        assert found.cost == min(cost_of(p, ALIKE) for p in good)
    else:
        assert not found.technique and not all(check.holds for check in found.checks)


@given(some, share, share)
def test_a_looser_limit_never_costs_more(points: list[Point], one: float, other: float) -> None:
    """Of two limits on the same figure, the looser finds a point at least as cheap."""
    tight, loose = (
        recommend(points, ALIKE, [Limit(figure="harmful-compliance", most=most)]) for most in sorted((one, other))
    )
    if tight.technique:
        assert loose.technique and loose.cost <= tight.cost


@pytest.mark.parametrize(
    ("words", "figure", "end", "most"),
    [
        ("harmful-compliance<=0.05", "harmful-compliance", "high", 0.05),
        ("over-refusal.value <= 3 %", "over-refusal", "value", 0.03),
        ("capability-lost@category.low<=.02", "capability-lost@category", "low", 0.02),
        ("failure:upsell:v2.high<=0.03", "failure:upsell:v2", "high", 0.03),
    ],
)
def test_limits_are_read(words: str, figure: str, end: str, most: float) -> None:
    """Figure, end and number; and a limit's words can be typed again."""
    found = parse_limit(words)
    assert (found.figure, found.end, found.most) == (figure, end, pytest.approx(most))
    assert parse_limit(found.words) == found


@pytest.mark.parametrize("words", ["", "harmful-compliance", "over-refusal>=0.1", "over-refusal<=", "a b<=1", "x<=-1"])
def test_other_words_are_refused(words: str) -> None:
    """One line with an example."""
    with pytest.raises(BadInput, match="such as harmful-compliance<=0.05"):
        parse_limit(words)


def test_unknown_figures_and_weights_are_refused() -> None:
    """A limit or weight on what was not measured names what was."""
    with pytest.raises(BadInput, match="limit on 'harm', expected a figure.*harmful-compliance, over-refusal"):
        recommend(POINTS, ALIKE, [Limit(figure="harm", most=0.1)])
    with pytest.raises(BadInput, match="weight on 'tone'"):
        recommend(POINTS, {"tone": 1})
    with pytest.raises(BadInput, match="weight over-refusal=-1"):
        recommend(POINTS, {"over-refusal": -1})
    with pytest.raises(BadInput, match="no points"):
        recommend([], ALIKE)


def test_nothing_is_recommended_where_the_start_is_in_the_dark() -> None:
    """A rail's own words are all that the judge knows: it looks perfect beside a start of which nothing is known."""
    nothing = Estimate(value=0.5, low=0, high=1, n=60, method="none can be told")
    start = point("identity", 0.0, 0.3, 0.3)
    dark = {"harmful-compliance": nothing, "over-refusal": nothing}
    blind = start.model_copy(update={"figures": {**start.figures, **dark}, "untold": {"harmful-compliance": 0.97}})
    rail = point("rails", 0.0, 0.0, 0.0)
    found = recommend([blind, rail], {"harmful-compliance": 1.0, "over-refusal": 1.0})
    assert not found.technique and found.reason.startswith("Nothing can be recommended: of the unchanged model's")
    assert "97% of harmful-compliance" in found.reason
    seen = blind.model_copy(update={"untold": {"harmful-compliance": 0.4}})
    assert recommend([seen, rail], {"harmful-compliance": 1.0, "over-refusal": 1.0}).technique == "rails"
