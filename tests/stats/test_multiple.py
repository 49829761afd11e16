"""Tests read together, against statsmodels and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from statsmodels.stats.multitest import multipletests

from drillyard.errors import BadInput
from drillyard.stats import dependent, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(p_values)
def test_holm_agrees_with_statsmodels(found: list[float]) -> None:
    """Adjusted p-values are those of statsmodels, in the order given, ties included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gc.collect", lambda: 0)  # statsmodels calls it each time: half a second where much is imported
        theirs = multipletests(found, method="holm")[1]
    assert holm(found) == pytest.approx(theirs.tolist())


def test_holm_of_nothing_is_nothing() -> None:
    """An empty family has no p-values."""
    assert holm([]) == []


@given(p_values)
def test_dependent_lies_between_half_and_twice_the_largest(found: list[float]) -> None:
    """Twice the mean never exceeds twice the largest, one or itself; one value stays."""
    assert dependent(found[:1]) == found[0]
    assert min(found) <= dependent([*found, *found]) + 1e-12 <= min(1, 2 * max(found)) + 2e-12


@pytest.mark.parametrize("correlation", [0.0, 0.7, 1.0])
def test_dependent_holds_its_level_however_the_tests_depend(correlation: float) -> None:
    """Of 20,000 true null hypotheses with three correlated tests each, at most 5 % (and luck) fall below 0.05."""
    rng = np.random.default_rng(1)
    shared, own = rng.standard_normal((20_000, 1)), rng.standard_normal((20_000, 3))
    found = ndtr(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)
    assert np.mean([dependent(row) <= 0.05 for row in found.tolist()]) <= 0.055


def test_wrong_p_values_are_refused() -> None:
    """A p-value outside 0 … 1, or none to combine, is one line."""
    with pytest.raises(BadInput, match="p-value of 1.5"):
        holm([0.2, 1.5])
    with pytest.raises(BadInput, match="no p-value"):
        dependent([])
