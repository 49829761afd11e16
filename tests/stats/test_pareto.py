"""Fronts and hypervolumes against inclusion and exclusion, and what must hold of any points."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.stats import hypervolume, pareto_front

point = st.tuples(st.floats(0, 1.2), st.floats(0, 1.2))
points = st.lists(point, min_size=1, max_size=6)


def area(some: list[tuple[float, float]]) -> float:
    """Return our hypervolume of a list of points."""
    return float(hypervolume([x for x, _ in some], [y for _, y in some]))


def union(some: list[tuple[float, float]]) -> float:
    """Return the area of the union of the boxes from each point to (1, 1), by inclusion and exclusion."""
    total = 0.0
    for size in range(1, len(some) + 1):
        for chosen in itertools.combinations(some, size):
            corner = [max(0.0, 1 - max(one[axis] for one in chosen)) for axis in (0, 1)]
            total += (-1) ** (size + 1) * corner[0] * corner[1]
    return total


@given(points)
def test_hypervolume_is_the_area_of_the_union(some: list[tuple[float, float]]) -> None:
    """The staircase is the union of boxes, computed another way."""
    assert area(some) == pytest.approx(union(some), abs=1e-9)


@given(points)
def test_dominated_points_never_change_it(some: list[tuple[float, float]]) -> None:
    """The front alone has the whole area; the order of the points does not matter."""
    front = [one for one, on in zip(some, pareto_front(some), strict=True) if on]
    assert front
    assert area(front) == pytest.approx(area(some), abs=1e-12) == area(some[::-1])


@given(points, point, st.floats(0, 0.5))
def test_hypervolume_is_monotone(some: list[tuple[float, float]], other: tuple[float, float], step: float) -> None:
    """A further point, or a better one, never makes it smaller; it stays between 0 and 1."""
    assert 0 <= area(some) <= area([*some, other]) + 1e-12 <= 1 + 2e-12
    better = [(max(0.0, some[0][0] - step), some[0][1]), *some[1:]]
    assert area(better) >= area(some) - 1e-12


def test_known_areas() -> None:
    """Perfect is 1; refusing everything or nothing is 0; two corners make the closed form."""
    assert area([(0, 0)]) == 1 and area([(0, 1), (1, 0)]) == 0
    assert area([(0.1, 0.5), (0.5, 0.1)]) == pytest.approx(0.9 * 0.5 + 0.5 * 0.9 - 0.5 * 0.5)


def test_many_draws_at_once() -> None:
    """Axes in front are computed side by side."""
    some = np.random.default_rng(1).random((50, 7, 2))
    each = [area([(x, y) for x, y in one]) for one in some.tolist()]
    assert hypervolume(some[..., 0], some[..., 1]).tolist() == pytest.approx(each)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=8))
def test_the_front_is_what_nothing_beats(some: list[tuple[int, int, int]]) -> None:
    """In three directions: each point off the front is beaten by one on it, and none on it by any."""
    on = pareto_front(some)
    front = [one for one, stays in zip(some, on, strict=True) if stays]
    for one, stays in zip(some, on, strict=True):
        beaten = any(all(a <= b for a, b in zip(o, one, strict=True)) and o != one for o in front)
        assert beaten != stays
