"""Sample sizes: enough is enough, one less is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.stats import clean_samples_needed, clopper_pearson, samples_needed, upper_bound


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.02, 0.4), st.floats(0.6, 0.99))
def test_samples_needed_is_enough_and_no_more(n: int, k: int, half_width: float, confidence: float) -> None:
    """At the planned total the interval is narrow enough; where one less can be counted, it is not."""
    k = min(k, n)
    more = samples_needed(k, n, half_width, confidence)
    assert more >= 0
    for total, narrow in ((n + more, True), (n + more - 1, False)):
        events = k * total / n
        # Only whole counts can be compared with the interval itself.
        if total >= n and events.is_integer() and (more or narrow):
            found = clopper_pearson(int(events), total, confidence)
            assert ((found.high - found.low) / 2 <= half_width) == narrow


def test_samples_needed_knows_the_textbook_size() -> None:
    """A survey's ± 3 % takes z² / 4w² = 1067 answers by the normal rule of thumb, and a few more to be exact."""
    assert 1067 < samples_needed(0, 0, 0.03) < 1110
    assert samples_needed(500, 1000, 0.1) == 0


@pytest.mark.parametrize(("bound", "confidence", "total"), [(0.05, 0.95, 59), (0.01, 0.95, 299), (0.5, 0.75, 2)])
def test_clean_samples_needed_follows_the_closed_form(bound: float, confidence: float, total: int) -> None:
    """59 clean observations bound a share by 5 %, 299 by 1 %: log α / log(1 − bound), rounded up."""
    assert clean_samples_needed(0, bound, confidence) == total
    assert clean_samples_needed(total - 1, bound, confidence) == 1
    assert clean_samples_needed(total + 7, bound, confidence) == 0


@given(st.integers(0, 300), st.floats(0.005, 0.9), st.floats(0.6, 0.99))
def test_clean_samples_needed_is_enough_and_no_more(n: int, bound: float, confidence: float) -> None:
    """The bound holds after that many clean observations and not one earlier."""
    more = clean_samples_needed(n, bound, confidence)
    assert upper_bound(0, n + more, confidence).high <= bound + 1e-12
    assert more == 0 or upper_bound(0, n + more - 1, confidence).high > bound - 1e-12


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.0, float("nan")])
def test_impossible_aims_are_refused(wrong: float) -> None:
    """A width or bound that no sample can reach is named, not searched for."""
    with pytest.raises(BadInput, match=r"found .*, expected "):
        samples_needed(1, 10, wrong)
    with pytest.raises(BadInput, match=r"found .*, expected "):
        clean_samples_needed(10, wrong)
