"""The direction of refusal, added or taken out (Arditi et al. 2024, arXiv 2406.11717).

The direction is the mean difference between states of prompts that the model refuses and of prompts that it answers,
where the replies part. A model that refuses next to nothing has no such prompts: then it is the mean difference of the
output matrix's rows for the first words of a refusal and of the other reply, as long as a state is. Added after one
layer it makes a model refuse more; taken out of every layer, it makes it refuse less. Which of them is decided by
validation, as are layer and length.

Does not cover: refusing some requests and answering others. One direction moves all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from drillyard.alignment.base import Lesson
from drillyard.alignment.inside.edit import Edit
from drillyard.alignment.inside.fitting import FEWEST, EditTechnique, Proposal, layers_to_try
from drillyard.alignment.inside.insides import Insides
from drillyard.alignment.inside.learning import Readings
from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats

__all__ = ["RefusalDirection"]

_LENGTHS = (0.125, 0.25, 0.5, 1.0, 2.0)
"""Multiples of the difference of means to try; validation picks one. Chosen, not measured."""


class RefusalDirection(EditTechnique):
    """Adds the direction of refusal, or takes it out."""

    name = "refusal-direction"

    def propose(self, readings: Readings, insides: Insides, lesson: Lesson) -> Iterator[Proposal]:
        """Yield each layer's direction, added there in several lengths and taken out everywhere."""
        wanted, unwanted = _refusals(readings, lesson.world.replies["refusal"])
        if min(wanted.sum(), unwanted.sum()) < FEWEST:
            found = f"{wanted.sum()} pairs that choose a refusal and {unwanted.sum()} that reject one"
            raise bad_input(found, f"at least {FEWEST} of both, for {self.name}")
        if not readings.wrong.any():
            return
        for place, layer in layers_to_try(insides.layers):
            vector = _direction(readings, place, wanted, unwanted, insides)
            for length in _LENGTHS:
                edit = Edit(layer=layer, kind="add", strength=length, tensors={"vector": vector})
                yield Proposal(words=f"added at layer {layer}, length {length}", edits=(edit,))
            rows = (vector / max(float(np.linalg.norm(vector)), 1e-12))[None].astype(np.float32)
            everywhere = tuple(
                Edit(layer=each, kind="project", strength=1.0, tensors={"directions": rows}) for each in insides.layers
            )
            yield Proposal(words=f"that of layer {layer}, taken out", edits=everywhere)


def _refusals(readings: Readings, refusal: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pairs choose a refusal and which reject one."""
    pairs = [one.pair for one in readings.pairs]
    chosen = np.array([refusal in pair.chosen or pair.category.startswith("harmful") for pair in pairs])
    rejected = np.array([refusal in pair.rejected or pair.category.startswith("lookalike") for pair in pairs])
    return chosen & ~rejected, rejected & ~chosen


def _direction(
    readings: Readings, place: int, wanted: NDArray[np.bool_], unwanted: NDArray[np.bool_], insides: Insides
) -> Floats:
    refused = (wanted & ~readings.wrong) | (unwanted & readings.wrong)
    answered = (wanted & readings.wrong) | (unwanted & ~readings.wrong)
    states = readings.partings[:, place]
    if refused.sum() >= FEWEST:
        found: Floats = states[refused].mean(0) - states[answered].mean(0)
        return found
    tokens = [
        (one.chosen[one.parting], one.rejected[one.parting]) for one, w in zip(readings.pairs, wanted, strict=True) if w
    ]
    readout = (insides.rows([a for a, _ in tokens]) - insides.rows([b for _, b in tokens])).mean(0)
    found = readout * np.float32(np.linalg.norm(states, axis=1).mean() / max(float(np.linalg.norm(readout)), 1e-12))
    return found
