"""Bits of answer types and capacities, against the reference and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.containment.channels.answers import answer_type, answers_needed, bits_per_year
from drillyard.containment.channels.capacity import (
    capacity,
    erasing,
    flipping,
    median_of,
    releasing,
    telling,
    z_channel,
)
from drillyard.containment.channels.tradeoff import channel_report
from drillyard.containment.channels.tradeoff import compare_settings as canonicalisers
from drillyard.errors import BadInput

share = st.floats(0.01, 0.99)


def entropy(p: float) -> float:
    """Return the entropy of a coin in bits."""
    return float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def test_reference_bits() -> None:
    """Binary 1, grids 4.39 and 6.66, a day within ten years 11.8; 50 a day on the 21-grid 80,160 a year."""
    bits = [answer_type(words).bits for words in ("binary", "grid-21", "grid-101", "days-10")]
    assert [bits[0], *np.round(bits[1:3], 2), round(bits[3], 1)] == [1, 4.39, 6.66, 11.8]
    assert round(bits_per_year(bits[1], 50)) == 80_160


def test_timing_and_refusal_are_counted() -> None:
    """Four slots add two bits; a refusal makes a binary answer ternary; padding and no refusal add nothing."""
    assert answer_type("binary", slots=4).bits == 3 and answer_type("binary", refusal=True).bits == np.log2(3)
    report = channel_report(answer_type("grid-21", 4, True))
    assert report.timing_bits == 2 and report.bits == pytest.approx(2 + np.log2(22))
    assert report.refusal_bits + report.timing_bits + np.log2(21) == pytest.approx(report.bits)


def test_payload() -> None:
    """Ceil of M / (C − H); without room no number of answers suffices."""
    assert answers_needed(1000, 4.39, 2.39) == 500 and answers_needed(1001, 4.39, 2.39) == 501
    assert answers_needed(10, 1, 1) is None and answers_needed(0, 1) == 0


@given(share)
@settings(max_examples=25, deadline=None)
def test_textbook_capacities(e: float) -> None:
    """Symmetric, erasure and Z channel have closed forms."""
    assert capacity(flipping(e))[0] == pytest.approx(1 - entropy(e), abs=1e-7)
    assert capacity(erasing(e))[0] == pytest.approx(1 - e, abs=1e-7)
    assert capacity(z_channel(e))[0] == pytest.approx(np.log2(1 + (1 - e) * e ** (e / (1 - e))), abs=1e-7)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_no_input_distribution_carries_more(seed: int) -> None:
    """Best response: of random inputs to a random channel none has more mutual information than the capacity."""
    rng = np.random.default_rng(seed)
    rows, inputs = rng.dirichlet(np.ones(4), 3), rng.dirichlet(np.ones(3), 200)
    out = inputs @ rows
    told = (inputs @ (rows * np.log2(rows)).sum(1)) - (out * np.log2(out)).sum(1)
    most, reached = capacity(rows)
    assert told.max() <= most + 1e-9
    mixed = reached @ rows
    assert most == pytest.approx(float(reached @ (rows * np.log2(rows / mixed)).sum(1)), abs=1e-6)


def test_rounding_dither_and_median() -> None:
    """Rounding leaves log2 of its points; more dither leaves less; one of one is the channel itself."""
    assert capacity(releasing(101, 21))[0] == pytest.approx(np.log2(21), abs=1e-6)
    bits = [capacity(telling(21, width), 1e-5)[0] for width in (0.0, 1.0, 4.0)]
    assert bits[0] == pytest.approx(np.log2(21), abs=1e-6) and bits[0] > bits[1] > bits[2] > 0
    honest = releasing(21, 21, 2.0)[10]
    assert median_of(np.eye(21), honest, 1) == pytest.approx(np.eye(21))
    assert capacity(median_of(np.eye(21), honest, 5), 1e-4)[0] < capacity(median_of(np.eye(21), honest, 3), 1e-4)[0]


def test_median_is_what_a_simulation_finds() -> None:
    """A steered answer among four honest ones: the simulated median, within four standard errors of every cell."""
    rng, honest, n = np.random.default_rng(1), np.array([0.2, 0.5, 0.3]), 200_000
    rows = median_of(np.eye(3), honest, 5)
    for sent in range(3):
        others = rng.choice(3, (n, 4), p=honest)
        median = np.median(np.column_stack([others, np.full(n, sent)]), axis=1).astype(int)
        found = np.bincount(median, minlength=3) / n
        assert (np.abs(found - rows[sent]) <= 4 * np.sqrt(rows[sent] * (1 - rows[sent]) / n) + 1e-9).all()


def test_fewer_bits_cost_more() -> None:
    """Along coarser grids and along wider dither bits fall and the loss of an honest answer rises."""
    rows = canonicalisers()
    for word in ("rounded", "dither"):
        some = sorted((one.bits, -one.score_loss) for one in rows if one.name.startswith(word))
        assert len(some) >= 3 and [loss for _, loss in some] == sorted(loss for _, loss in some)


@pytest.mark.parametrize("words", ["grid-1", "grid", "days-0", "essay", "binary-2"])
def test_other_types_are_refused(words: str) -> None:
    """An answer type without a size has no bound."""
    with pytest.raises(BadInput, match="try grid-21"):
        answer_type(words)


def test_bad_channels_are_refused() -> None:
    """Rows that are no distributions, and an even number of oracles."""
    with pytest.raises(BadInput):
        capacity([[0.5, 0.4]])
    with pytest.raises(BadInput):
        median_of(np.eye(2), [0.5, 0.5], 2)
    with pytest.raises(BadInput):
        answers_needed(-1, 1)
