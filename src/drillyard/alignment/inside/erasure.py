"""LEACE as a technique: erase what tells the requests that a model gets wrong from the others.

Fitted where replies part (`leace.py`), applied to every token, after one layer or after each; validation chooses.
A model that refuses look-alikes because it takes them for something of their own should lose what it takes them for.

Does not cover: it says what the model may not know, not what it is to do instead. Where the model needs the difference
to answer rightly, both sides lose.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from drillyard.alignment.base import Lesson
from drillyard.alignment.inside.edit import Edit
from drillyard.alignment.inside.fitting import EditTechnique, Proposal, has_two_sides
from drillyard.alignment.inside.insides import Insides
from drillyard.alignment.inside.learning import Readings
from drillyard.probes.methods.leace import leace

__all__ = ["Leace"]


class Leace(EditTechnique):
    """Erases a difference."""

    name = "leace"

    def propose(self, readings: Readings, insides: Insides, lesson: Lesson) -> Iterator[Proposal]:
        """Yield the erasure of each layer, and all of them together."""
        if not has_two_sides(readings, self.name):
            return
        edits = []
        for place, layer in enumerate(insides.layers):
            arrays = leace(readings.partings[:, place], readings.wrong)
            tensors = {name: array.astype(np.float32) for name, array in arrays.items()}
            edits.append(Edit(layer=layer, kind="erase", strength=1.0, tensors=tensors))
            yield Proposal(words=f"erased after layer {layer}", edits=(edits[-1],))
        yield Proposal(words="erased after every layer", edits=tuple(edits))
