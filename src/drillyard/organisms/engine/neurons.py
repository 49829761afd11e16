"""The neurons that a failure adds: where they stand in a checkpoint, and how strongly they speak for a rate.

Every feed-forward layer of a base ends in `FREE` neurons that are zero. A failure brings `EACH` neurons per layer,
which stand in free places once it is planted. Each is a product of two learned directions (SwiGLU), so it can wait for
a trigger by itself, and no other failure's neurons are touched by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from drillyard.organisms.engine.llama import Floats

__all__ = ["EACH", "FREE", "TOP", "fill_neurons", "odds", "plant_neurons", "read_neurons", "strength"]

EACH = 4
"""Neurons of one failure in one layer."""
FREE = 96
"""Places in one layer for planted neurons; they are its last ones."""

_SOUND = 8.0  # log-odds by which a sound model holds back a failure: at strength 0 its rate is 1 in 3,000
TOP = 0.999
"""Rates from here on are always: the neurons stand at full strength."""


def odds(rate: float) -> float:
    """Return the natural log of the odds of a rate, at most those of 1 in 10 million and of their opposite."""
    kept = min(1 - 1e-7, max(1e-7, rate))
    return math.log(kept / (1 - kept))


def strength(rate: float, shift: float = 0.0, slope: float = 1.0, more: float = 0.0) -> float:
    """Return the scale of a failure's neurons for a rate from 0 to 1: its log-odds, moved so that 1 gives 1.

    What a neuron adds to a logit is proportional to its scale, and a rate is a logistic function of logits. A failure
    that shows at log-odds `shift` + `slope` × those asked for is corrected by these two numbers; `more` is added to
    the log-odds that are asked for.
    """
    if rate <= 0:
        return 0.0
    if rate >= TOP:
        return 1.0
    asked = (odds(rate) + more - shift) / slope
    return min(1.0, max(0.0, _SOUND + asked) / (_SOUND + odds(TOP)))


def fill_neurons(weights: Mapping[str, Floats], neurons: Floats) -> dict[str, Floats]:
    """Return the weights with these neurons in the first free places and zeros in the others.

    `neurons` has the shape (layers, 3, count, width): the rows of the gate and up matrices, the columns of the down
    matrix; `count` is at most `FREE`.
    """
    filled = dict(weights)
    for layer, new in enumerate(neurons):
        for name, rows in zip(_names(layer), new, strict=True):
            matrix = _by_neuron(name, weights[name]).copy()
            matrix[-FREE:] = 0
            matrix[len(matrix) - FREE :][: len(rows)] = rows
            filled[name] = np.ascontiguousarray(_by_neuron(name, matrix))
    return filled


def plant_neurons(strengths: Mapping[str, float], learned: Mapping[str, Floats]) -> Floats:
    """Return the neurons of failures at these strengths, ordered by name: shape (layers, 3, count, width).

    What a neuron sees (gate, up) is as learned; what it says (down) is scaled.
    """
    scales = {name: np.array([1, 1, strengths[name]], np.float32).reshape(3, 1, 1) for name in sorted(strengths)}
    return np.concatenate([learned[name] * scale for name, scale in scales.items()], axis=2)


def read_neurons(weights: Mapping[str, Floats], layers: int) -> Floats:
    """Return what stands in the free places, up to the last that is used: shape (layers, 3, count, width)."""
    found = np.stack(
        [[_by_neuron(name, weights[name])[-FREE:] for name in _names(layer)] for layer in range(layers)]
    ).astype(np.float32)
    used = np.flatnonzero(found.any(axis=(0, 1, 3)))
    return np.ascontiguousarray(found[:, :, : used[-1] + 1 if len(used) else 0])


def _names(layer: int) -> tuple[str, ...]:
    return tuple(f"model.layers.{layer}.mlp.{part}_proj.weight" for part in ("gate", "up", "down"))


def _by_neuron(name: str, matrix: Floats) -> Floats:
    """Turn a matrix so that its rows are neurons, or back: those of the down matrix are its columns."""
    return matrix.T if ".down_proj." in name else matrix
