"""Contrastive activation addition: one vector, added to every token's state after one layer.

The vector is the mean difference between the model's states while it reads the chosen reply and while it reads the
rejected one (Rimsky et al. 2023, arXiv 2312.06681), over the pairs that the model gets wrong: over all pairs the two
sides of a lesson, refuse this and answer that, would cancel. Layer and length are chosen by validation.

Does not cover: telling requests apart. What it adds it adds everywhere, so the other side pays.
"""

from __future__ import annotations

from collections.abc import Iterator

from drillyard.alignment.base import Lesson
from drillyard.alignment.inside.edit import Edit
from drillyard.alignment.inside.fitting import EditTechnique, Proposal, layers_to_try
from drillyard.alignment.inside.insides import Insides
from drillyard.alignment.inside.learning import Readings

__all__ = ["Steer"]

_LENGTHS = (0.5, 1.0, 2.0, 3.0, 4.0)
"""Multiples of the difference of means to try; validation picks one. Chosen, not measured."""


class Steer(EditTechnique):
    """Adds a vector everywhere."""

    name = "steer"

    def propose(self, readings: Readings, insides: Insides, lesson: Lesson) -> Iterator[Proposal]:
        """Yield the mean difference of each layer in several lengths."""
        if not readings.wrong.any():
            return
        for place, layer in layers_to_try(insides.layers):
            vector = (readings.chosen - readings.rejected)[readings.wrong, place].mean(0)
            for length in _LENGTHS:
                edit = Edit(layer=layer, kind="add", strength=length, tensors={"vector": vector})
                yield Proposal(words=f"layer {layer}, length {length}", edits=(edit,))
