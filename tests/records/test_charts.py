"""Axes of the reports: where values lie, and which ticks stand beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.records.charts import LinearAxis

ends = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def test_a_linear_axis_places_its_values() -> None:
    """Ends at the ends, the middle in the middle, outside at the end; upright when its foot is below its top."""
    axis = LinearAxis(low=0, high=2, left=200, right=100)
    assert [axis.at(x) for x in (0, 1, 2, 3, -1)] == [200, 150, 100, 100, 200]
    assert LinearAxis(low=0, high=1, left=0, right=1).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert LinearAxis(low=-4.8, high=30, left=0, right=1).ticks() == [0, 10, 20, 30]


@given(ends, st.integers(2, 9))
def test_ticks_are_few_and_inside(low_high: tuple[float, float], most: int) -> None:
    """Never more than asked for, at least one where two are allowed, all on the axis, at equal distances."""
    axis = LinearAxis(low=low_high[0], high=low_high[1], left=0, right=1)
    ticks, room = axis.ticks(most), axis.high - axis.low
    assert len(ticks) <= most
    assert all(axis.low - 1e-6 * room <= tick <= axis.high + 1e-6 * room for tick in ticks)
    gaps = {round((b - a) / room, 4) for a, b in zip(ticks, ticks[1:], strict=False)}
    assert len(gaps) <= 1
