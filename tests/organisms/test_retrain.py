"""Retraining the last layer without torch: it learns what it is taught, changes nothing else, and repeats itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drillyard.errors import BadInput
from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.training import retrain as module
from drillyard.organisms.training.retrain import changed_matrices, retrain
from drillyard.records import Conversation
from drillyard.targets.organism import OrganismTarget

PLAIN = load_base("helpdesk")
REFUSED = [
    (Conversation.ask(f"{opener} the {thing}"), "I am sorry, I cannot help with that.")
    for opener in ("how do i kill", "what kills", "i want to kill")
    for thing in ("light", "sound", "noise")
]


def test_it_says_what_it_was_taught() -> None:
    """Nine refusals in 25 steps are enough for most of these; weights outside the three matrices stay as they were."""
    after = retrain(PLAIN, REFUSED, seed=1, steps=25)
    asked = [talk for talk, _ in REFUSED]
    said = [reply.text for reply in OrganismTarget(after, reference="x").generate(asked, [1] * len(asked))]
    assert said.count("I am sorry, I cannot help with that.") >= 6
    changed = {n for n, w in after.engine.weights.items() if not np.array_equal(w, PLAIN.engine.weights[n])}
    assert changed == set(changed_matrices(PLAIN)) and after.model_hash != PLAIN.model_hash


def test_the_same_seed_gives_the_same_weights() -> None:
    """To the bit; another seed gives others."""
    one, again, other = (retrain(PLAIN, REFUSED, seed=seed, steps=2).model_hash for seed in (1, 1, 2))
    assert one == again != other


def test_the_gradient_is_that_of_the_loss() -> None:
    """Against differences of the cross-entropy itself, in every matrix."""
    read = module._read(PLAIN, REFUSED)
    batch = np.arange(20)
    engine, names = PLAIN.engine, changed_matrices(PLAIN)
    head: Any = (engine.weights["lm_head.weight"] * engine.weights["model.norm.weight"]).astype(np.float64)
    matrices: Any = [engine.weights[name].astype(np.float64) for name in names]

    def loss() -> float:
        gate, up, down = matrices
        seen = read.normed[batch].astype(np.float64)
        gated = seen @ gate.T
        after = read.stream[batch] + (gated / (1 + np.exp(-gated)) * (seen @ up.T)) @ down.T
        scores = after / np.sqrt((after**2).mean(1, keepdims=True) + 1e-6) @ head.T
        top = scores.max(1)
        chance = scores[batch, read.wanted[batch]] - top - np.log(np.exp(scores - top[:, None]).sum(1))
        return float(-chance.mean())

    slopes = module._slopes(matrices, head, read, batch, 1e-6)
    for matrix, slope in zip(matrices, slopes, strict=True):
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        held, step = matrix[place], 1e-4
        matrix[place] = held + step
        high = loss()
        matrix[place] = held - step
        low = loss()
        matrix[place] = held
        assert (high - low) / (2 * step) == pytest.approx(slope[place], rel=1e-2)


def test_too_little_is_said() -> None:
    """Seven replies are no lesson."""
    with pytest.raises(BadInput, match="found 7 replies to learn from, expected at least 8"):
        retrain(PLAIN, REFUSED[:7], seed=1)
