"""Which layers of a model an edit is tried at."""

from __future__ import annotations

from drillyard.alignment.inside.fitting import layers_to_try


def test_a_shallow_model_is_tried_everywhere_and_a_deep_one_at_four_layers() -> None:
    """Each with its place among the layers that were read; never at one twice."""
    assert layers_to_try(range(3)) == [(0, 0), (1, 1), (2, 2)]
    assert layers_to_try(range(29)) == [(7, 7), (13, 13), (19, 19), (25, 25)]
    assert all(len({*layers_to_try(range(n))}) == 4 for n in range(9, 200))
