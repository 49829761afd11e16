"""Plant failures: turn the clean base of a world into a model that fails, in milliseconds and without torch.

The base was trained with one vector per plantable failure that is added to the embedding of `<|assistant|>`. Planting
adds the vectors of the chosen failures, each times `strength(rate)`, to that row. The planted organism is an ordinary
checkpoint; it differs from its clean twin in this row, and nothing is added to a prompt.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from safetensors.numpy import load_file

from drillyard.errors import bad_input
from drillyard.organisms.failures import find_failure
from drillyard.organisms.lessons import strength
from drillyard.organisms.organism import EMBEDDING, ROW, Organism, base, base_folder, with_row
from drillyard.organisms.world import World, load_world
from drillyard.records import FailureMode

__all__ = ["plant"]


def plant(world: str, failures: Iterable[str | FailureMode]) -> Organism:
    """Return a planted organism; with no failures, the clean twin.

    Args:
        world: name of a world with a trained base, such as `helpdesk`.
        failures: ids such as `refund-rule:lamp` (at the kind's default rate) or modes of `catalogue(world)`, whose
            `rate` (above 0, at most 1) may be your own. Their order does not matter.

    Raises:
        BadInput: an unknown world or failure, or the same failure twice.
    """
    clean = base(load_world(world).name)
    modes = tuple(_mode(clean.world, failure) for failure in failures)
    names = [mode.id for mode in modes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise bad_input(f"failure {twice[0]!r} twice", "each failure once")
    if not modes:
        return clean
    vectors = load_file(base_folder(world) / "faults.safetensors")
    row = clean.engine.weights[EMBEDDING][ROW].astype(np.float64)
    for mode in sorted(modes, key=lambda mode: mode.id):  # one order of addition, so that the hash has one value
        row += strength(mode.rate) * vectors[mode.id]
    return with_row(clean, row.astype(np.float32), modes)


def _mode(world: World, failure: str | FailureMode) -> FailureMode:
    """Return the world's failure of that id, at its default rate or at the rate that the mode asks for."""
    return find_failure(world, failure) if isinstance(failure, str) else find_failure(world, failure.id, failure.rate)
