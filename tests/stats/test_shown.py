"""A figure beside its limit is shown on the right side of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.stats.shown import number, percent, tell_count


@pytest.mark.parametrize(
    ("share", "limit", "shown"),
    [
        (0.5965, 0.6, "59.7 %"),
        (0.59999, 0.6, "59.999 %"),
        (0.6, 0.6, "60 %"),
        (0.6004, 0.6, "60.04 %"),
        (0.61, 0.6, "61 %"),
        (0.123, None, "12 %"),
        (0.05049, 0.05, "5.05 %"),
        (0.125, 0.125, "12.5 %"),
        (0.0, 0.6, "0 %"),
    ],
)
def test_a_share_is_never_shown_as_a_limit_that_it_misses(share: float, limit: float | None, shown: str) -> None:
    """Whole percent where that is true, more digits where whole percent would say another thing."""
    assert percent(share, limit) == shown


def test_numbers_take_a_unit_of_their_own() -> None:
    """Bits: 128.3 of at most 128 are not 128."""
    assert [number(128.3, 128), number(128, 128), number(90.4, 128), number(0.5966, 0.6, 2)] == [
        "128.3",
        "128",
        "90",
        "0.597",
    ]


@given(st.floats(0, 1), st.integers(0, 100))
def test_what_is_shown_is_on_the_same_side(share: float, limit: int) -> None:
    """Whatever the share: below stays below, above stays above, unless it differs by less than one can print."""
    shown = float(percent(share, limit / 100).removesuffix(" %"))
    if abs(share - limit / 100) > 1e-6:
        assert (shown < limit) == (share < limit / 100) and (shown > limit) == (share > limit / 100)


def test_one_is_singular() -> None:
    """Nothing and many are plural, one is not."""
    assert [tell_count(n, "role") for n in (0, 1, 2)] == ["0 roles", "1 role", "2 roles"]
