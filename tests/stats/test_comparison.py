"""Differences and paired tests against statsmodels, scipy and simple facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as peer_mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep

from drillyard.errors import BadInput
from drillyard.stats import difference, mcnemar, paired_difference

pairs = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("groups", [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (0, 10, 0, 20)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_difference_agrees_with_statsmodels(groups: tuple[int, int, int, int], confidence: float) -> None:
    """Newcombe's interval is that of statsmodels; the first rows are examples of Newcombe 1998, table II."""
    low, high = confint_proportions_2indep(*groups, compare="diff", method="newcomb", alpha=1 - confidence)
    found = difference(*groups, confidence)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert found.n == groups[1] + groups[3]


@given(pairs, pairs)
def test_difference_turns_around_with_its_groups(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Swapping the groups flips the sign, and the interval stays inside −1 … 1."""
    there, back = difference(*one, *other), difference(*other, *one)
    assert (there.low, there.value, there.high) == pytest.approx((-back.high, -back.value, -back.low), abs=1e-12)
    assert -1 - 1e-12 <= there.low <= there.high <= 1 + 1e-12


def test_difference_without_observations_is_unknown() -> None:
    """One empty group leaves the whole range."""
    found = difference(3, 10, 0, 0)
    assert (found.low, found.high) == (-1.0, 1.0)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (10, 2), (7, 7), (40, 61)])
def test_mcnemar_agrees_with_its_peers(first: int, second: int) -> None:
    """The exact p-value is that of statsmodels, and of a coin in scipy."""
    found = mcnemar(first, second)
    assert found == pytest.approx(peer_mcnemar([[5, first], [second, 5]], exact=True).pvalue if first + second else 1.0)
    assert found == pytest.approx(binomtest(first, first + second).pvalue if first + second else 1.0)


def test_mcnemar_refuses_negative_counts() -> None:
    """A count below zero is a mistake of the caller."""
    with pytest.raises(BadInput, match="discordant"):
        mcnemar(-1, 3)


def test_the_paired_difference_is_newcombes() -> None:
    """The first example of Newcombe 1998 (method 10), and what pairs have in common narrows the interval."""
    found = paired_difference(36, 12, 2, 0)
    assert (found.low, found.value, found.high) == pytest.approx((0.0569, 0.2, 0.3404), abs=5e-5)
    alike = paired_difference(20, 5, 0, 25)
    apart = difference(25, 50, 20, 50)
    assert alike.value == pytest.approx(apart.value) and alike.high - alike.low < apart.high - apart.low
    assert paired_difference(0, 0, 0, 0).low == -1.0
    with pytest.raises(BadInput):
        paired_difference(-1, 0, 0, 0)
