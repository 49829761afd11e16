"""Forecasts from sampled replies carry the judge's error: planted truth behind a judge of known error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.audits.corrected import corrected
from drillyard.audits.elicitation import Elicitation
from drillyard.audits.forecast import forecast
from drillyard.stats import clopper_pearson, largest, rogan_gladen
from drillyard.stats.tail import from_psi


def counted(p: list[float], right: int = 90, n: int = 100, specificity: int = 100) -> Elicitation:
    """Return probabilities as a judge counted them that sees `right` of n failures, lets `specificity` of 100 pass."""
    se, sp = clopper_pearson(right, n), clopper_pearson(specificity * 10, 1000)
    share = rogan_gladen(round(1000 * float(np.mean(p))), 1000, se, sp)
    return Elicitation(behaviour="rude", p=tuple(p), how="x", replies=20, share=share, sensitivity=se, specificity=sp)


def test_each_query_is_corrected_as_its_share_would_be() -> None:
    """Sees 90 %, blames nobody: what it calls 0.45 is 0.5; the ends are those of the sensitivity's interval."""
    values = corrected(counted([0.45, 0.0]))
    assert values is not None and values.p == pytest.approx([0.5, 0.0])
    se, sp = clopper_pearson(90, 100), clopper_pearson(1000, 1000)
    assert values.high == pytest.approx([0.45 / se.low, 0.0])
    assert values.low[0] == pytest.approx((0.45 + sp.low - 1) / (se.high + sp.low - 1))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(60, 100), st.integers(60, 100))
def test_ends_hold_the_value(p: list[float], right: int, sound: int) -> None:
    """For every judge better than chance: 0 ≤ low ≤ p ≤ high ≤ 1, query by query."""
    values = corrected(counted(p, right, specificity=sound))
    if values is not None:
        assert (values.low <= values.p + 1e-12).all() and (values.p <= values.high + 1e-12).all()
        assert values.low.min() >= 0 and values.high.max() <= 1


def test_a_judge_that_misses_half_is_corrected_for() -> None:
    """A tail seen through a judge that sees half of it: what it counts forecasts too little, corrected it does not."""
    rng = np.random.default_rng(4)
    true = from_psi(-2 + rng.exponential(1 / 6, 1000))
    elicited = counted([float(x) for x in true / 2], right=500, n=1000)
    found, direct = forecast(elicited, [100_000]), largest(true, 100_000)
    assert not found.refused
    worst = found.points[0].worst
    assert worst is not None and worst.value == pytest.approx(direct.value, rel=1e-6)
    assert largest(true / 2, 100_000).value < 0.8 * direct.value
    assert worst.low < direct.low and worst.high > direct.high and "the judge's error" in worst.method
    assert found.rate == elicited.share


def test_log_probabilities_have_no_judge() -> None:
    """They stay as they are, and so does their interval."""
    p = [float(x) for x in from_psi(-3 + np.random.default_rng(1).exponential(1 / 6, 1000))]
    plain = Elicitation(behaviour="rude", p=tuple(p), how="x", replies=0)
    assert forecast(plain, [100_000]).points[0].worst == largest(p, 100_000)


@pytest.mark.parametrize(("right", "n", "specificity"), [(0, 0, 100), (10, 100, 85), (52, 100, 52)])
def test_a_judge_that_may_tell_nothing_gives_no_forecast(right: int, n: int, specificity: int) -> None:
    """Never measured on the behaviour, worse than chance, not surely better: refused, with the reason and a bound."""
    p = [float(x) for x in from_psi(-2 + np.random.default_rng(1).exponential(1 / 6, 1000))]
    found = forecast(counted(p, right, n, specificity), [100_000])
    assert found.refused == ("the judge was not measured on this behaviour, or may be no better than chance",)
    assert found.points[0].worst is None and found.rate.high > 0
