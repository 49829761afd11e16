"""Conditional steering: a vector, added only to the states at which a probe fires.

As CAST (Lee et al. 2024, arXiv 2409.05907) with a fitted probe for its condition (`gate.py`) and one token in view: the
probe reads where the replies of a pair part, and fires on pairs that the model gets wrong, not on those that it gets
right, nor on any other token. Two vectors are tried, at the layers and lengths that validation chooses between:

- the contrast of steering (`steer.py`);
- the read-out: the mean difference of the output matrix's rows for the two tokens at which the replies part, as in
  direct logit attribution (Elhage et al. 2021, https://transformer-circuits.pub/2021/framework).

Does not cover: requests that the probe takes for others, such as sorts of request that no pair speaks of; replies that
go wrong later than at their first word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from drillyard.alignment.base import Lesson
from drillyard.alignment.inside.edit import Edit
from drillyard.alignment.inside.fitting import EditTechnique, Proposal, has_two_sides, layers_to_try
from drillyard.alignment.inside.gate import fit_gate
from drillyard.alignment.inside.insides import Insides
from drillyard.alignment.inside.learning import Readings
from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats
from drillyard.probes.base import LinearProbe
from drillyard.probes.files import read_probe

__all__ = ["ConditionalSteer"]

_LENGTHS = (0.5, 0.75, 1.0, 1.5)
"""In mean lengths of the states at which the probe is to fire."""


class ConditionalSteer(EditTechnique):
    """Adds a vector where a probe fires.

    Args:
        probe: the file of a linear probe (`drillyard probe audit -o DIR`) that is the gate, at its layer and threshold;
            without one, a gate is fitted at every layer. A probe that gates becomes a target: keep another one back.
    """

    name = "conditional-steer"

    def __init__(self, *, probe: str = "") -> None:
        self._probe = probe

    def propose(self, readings: Readings, insides: Insides, lesson: Lesson) -> Iterator[Proposal]:
        """Yield both vectors in several lengths behind each layer's gate."""
        if not has_two_sides(readings, self.name):
            return
        wrong = readings.wrong
        partings = [one for one, bad in zip(readings.pairs, wrong, strict=True) if bad]
        tokens = [(one.chosen[one.parting], one.rejected[one.parting]) for one in partings]
        readout = (insides.rows([a for a, _ in tokens]) - insides.rows([b for _, b in tokens])).mean(0)
        given = _given(Path(self._probe), insides.layers, readings.partings.shape[-1]) if self._probe else None
        own = [(list(insides.layers).index(given[0]), given[0])] if given else layers_to_try(insides.layers)
        for place, layer in own:
            fires = readings.partings[wrong, place]
            rests = np.concatenate([readings.partings[~wrong, place], readings.elsewhere[:, place]])
            gate, bias = given[1:] if given else fit_gate(fires, rests)
            contrast = (readings.chosen - readings.rejected)[wrong, place].mean(0)
            size = float(np.linalg.norm(fires, axis=1).mean())
            for words, vector in (("contrast", contrast), ("read-out", readout)):
                scaled = vector * np.float32(size / max(float(np.linalg.norm(vector)), 1e-12))
                for length in _LENGTHS:
                    edit = _gated(layer, length, scaled, gate, bias)
                    yield Proposal(words=f"{words} at layer {layer}, length {length}", edits=(edit,))


def _given(path: Path, layers: Sequence[int], width: int) -> tuple[int, Floats, float]:
    """Return layer, direction and bias of a stored probe, above 0 where its score is above its threshold.

    Raises:
        BadInput: no linear probe, or one for another layer or width.
    """
    probe, card = read_probe(path)
    if not isinstance(probe, LinearProbe) or card.layer not in layers or len(probe.weights) != width:
        found = f"a {card.form} probe of layer {card.layer} in {str(path)!r}"
        raise bad_input(found, f"a linear one of width {width}, of a layer from {layers[0]} to {layers[-1]}")
    return card.layer, probe.weights.astype(np.float32), probe.bias - (card.threshold or 0.0)


def _gated(layer: int, strength: float, vector: Floats, gate: Floats, bias: float) -> Edit:
    numbers = {"bias": np.asarray(bias, np.float32), "threshold": np.asarray(0.0, np.float32)}
    tensors = {"vector": vector.astype(np.float32), "gate": gate, **numbers}
    return Edit(layer=layer, kind="gated-add", strength=strength, tensors=tensors)
