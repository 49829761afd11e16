"""Numbers with their units, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.scopes.quantities import find_quantities, read_quantity

READ = (
    ("Early closure fee: $15 if closed within 30 days", [(15, None, "USD", "exact"), (30, None, "day", "at most")]),
    ("in 5 to 7 business days", [(5, 7, "business day", "exact")]),
    ("Standard delivery: 7–10 business days", [(7, 10, "business day", "exact")]),
    ("at least 18 years old", [(18, None, "year", "at least")]),
    ("does not exceed 4 personal checking accounts.", [(4, None, "personal checking account", "at most")]),
    ("when it meets or exceeds $15,000", [(15000, None, "USD", "at least")]),
    ("costs 1 299 euros", [(1299, None, "EUR", "exact")]),
    ("costs 49,90 €", [(49.9, None, "EUR", "exact")]),
    ("2.75%", [(2.75, None, "percent", "exact")]),
    ("three sentences", [(3, None, "sentence", "exact")]),
    ("called once per order", [(1, None, "time", "exact")]),
    ("14 days or more", [(14, None, "day", "at least")]),
    ("under 2 kg", [(2, None, "kg", "less than")]),
    ("from 9:00 to 17:30", [(9, 17.5, "o'clock", "exact")]),
    ("open 9 am to 5 pm", [(9, 17, "o'clock", "exact")]),
    ("the 48-hour wait", [(48, None, "hour", "exact")]),
)


@pytest.mark.parametrize(("text", "found"), READ)
def test_quantities_are_read_with_unit_and_bound(text: str, found: list[tuple[float, float | None, str, str]]) -> None:
    """Money, time, measures, counts, ranges and bounds."""
    read = [(q.number, q.high, q.unit, q.bound) for q in (one.quantity for one in find_quantities(text))]
    assert read == found


@pytest.mark.parametrize("text", ["Step 2: go on", "use close_account_7392", "November 2025", "version 1.2", "no one"])
def test_what_is_no_quantity_is_left_alone(text: str) -> None:
    """Dates, steps, versions and parts of names."""
    assert find_quantities(text) == []


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    """What is found stands where it is said to stand, in order, and ranges go up."""
    found = find_quantities(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert all(one.quantity.high is None or one.quantity.high > one.quantity.number for one in found)


def test_a_cell_takes_its_unit_from_the_head_of_its_column() -> None:
    """`price (EUR)` says what 85 is."""
    quantity = read_quantity("85", "EUR")
    assert quantity is not None and (quantity.number, quantity.unit) == (85, "EUR")
    assert read_quantity("a lamp for 2 people and more", "EUR") is None
