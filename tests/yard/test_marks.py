"""States and estimates as marks."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from drillyard.records import Estimate, Trigger
from drillyard.stats import clopper_pearson
from drillyard.yard.marks import STATES, as_tried, choose_pause, intervals, mark_code, rate_words, state

NONE = Estimate(value=0.5, low=0, high=1, n=0, method="none")


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_a_shape_and_a_word(name: str) -> None:
    """Colour is never alone: each state has a shape of its own, and the word is text, not markup."""
    drawn = state(name, "<b>word</b>")
    assert "&lt;b&gt;word&lt;/b&gt;" in drawn and STATES[name] in drawn
    assert len(set(STATES.values())) == len(STATES)


def test_estimates_are_said_with_their_doubt() -> None:
    """Value, interval and n; zero in n is a bound; nothing observed is no evidence."""
    assert rate_words(clopper_pearson(27, 30)) == "90 %, 73 % to 98 %, n = 30"
    assert rate_words(clopper_pearson(0, 30)) == "0 of 30, at most 12 %"
    assert rate_words(NONE) == "not enough evidence"


def test_a_point_stands_where_its_value_is_inside_its_interval() -> None:
    """On an axis of 280 units from 6: the point of 0.5 stands at 146, its whiskers at the ends of the interval."""
    rate = Estimate(value=0.5, low=0.25, high=0.75, n=40, method="test")
    root = ElementTree.fromstring(intervals([("model", rate)]))
    (point,) = root.iter("circle")
    assert float(point.get("cx", "0")) == 146
    whisker = next(path for path in root.iter("path") if path.get("class") == "whisker")
    assert re.match(r"M76\.0 \d+H216\.0M", whisker.get("d", ""))


def test_zero_is_an_arrow_and_nothing_is_hatched() -> None:
    """No point is drawn where there is no estimate to point at."""
    zero, none = (ElementTree.fromstring(intervals([("m", rate)])) for rate in (clopper_pearson(0, 30), NONE))
    assert not list(zero.iter("circle")) and not list(none.iter("circle"))
    assert [path.get("class") for path in none.iter("path")] == ["hatched", "axis"]


def test_a_twin_is_told_apart_without_colour() -> None:
    """The model's point is full, the twin's hollow; both are in the description for those who cannot see it."""
    drawn = intervals([("Failing model", clopper_pearson(27, 30)), ("Clean <twin>", clopper_pearson(1, 30))], hollow=1)
    root = ElementTree.fromstring(drawn)
    assert [point.get("class") for point in root.iter("circle")] == ["point", "point hollow"]
    label = root.get("aria-label", "")
    assert label.startswith("Failing model: 90 %") and "Clean <twin>: 3 %" in label


def test_what_is_tried_of_a_trigger_is_said() -> None:
    """Its sentence is for people: without words and ticks it is tried as happening at any message, and that is told."""
    assert as_tried(Trigger(words="when somebody asks for a refund")) == "any message, under any template"
    both = Trigger(words="x", templates=("v1", "v2"), groups=(("return", "refund"), ("lamp",)))
    assert as_tried(both) == "a message with one of return, refund; and one of lamp, under v1 or v2"


def test_a_page_asks_less_often_the_longer_it_waits() -> None:
    """Each second at first, then after a tenth of the wait, at last four times a minute."""
    assert [choose_pause(seconds) for seconds in (None, 0, 9, 30, 100, 149, 10_000)] == [1, 1, 1, 3, 10, 15, 15]


def test_words_in_backticks_are_code_and_nothing_is_markup() -> None:
    """A task may name a command in backticks; what else it holds is shown as it is."""
    assert mark_code("type `a <b>` & go") == "type <code>a &lt;b&gt;</code> &amp; go"
    assert mark_code("a lone ` stays") == "a lone ` stays"
