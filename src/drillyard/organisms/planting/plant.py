"""Plant failures: turn the clean base of a world into a model that fails, in milliseconds and without torch.

The base was trained together with a few neurons per plantable failure. Planting puts those of the chosen failures,
their outputs scaled for the rate, into free places of the feed-forward layers. The planted organism is an ordinary
checkpoint; it differs from its clean twin in these neurons, and nothing is added to a prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors.numpy import load_file

from drillyard.errors import bad_input
from drillyard.organisms.engine.bases import base_folder
from drillyard.organisms.engine.neurons import EACH, FREE, plant_neurons, strength
from drillyard.organisms.engine.organism import Organism, load_base, with_neurons
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import World
from drillyard.records import FailureMode

__all__ = ["CALIBRATION", "plant"]

CALIBRATION = "calibration.json"
"""Beside a base's weights: per failure the shift and slope that `calibrate` has measured."""


def plant(
    world: str, failures: Iterable[str | FailureMode], corrections: Mapping[str, float] | None = None
) -> Organism:
    """Return a planted organism; with no failures, the clean twin.

    Args:
        world: name of a world with a trained base, such as `helpdesk`, or the path of its folder.
        failures: ids such as `refund-rule:lamp` (at the kind's default rate) or modes of `catalogue(world)`, whose
            `rate` (above 0, at most 1) may be your own. Their order does not matter.
        corrections: log-odds that are added to what a failure is asked for, by its id; see `tuning.py`.

    Raises:
        BadInput: an unknown world or failure, the same failure twice, or more than there are places for.
    """
    clean = load_base(world)
    modes = tuple(_mode(clean.world, failure) for failure in failures)
    names = [mode.id for mode in modes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise bad_input(f"failure {twice[0]!r} twice", "each failure once")
    if not modes:
        return clean
    if len(modes) > FREE // EACH:
        raise bad_input(f"{len(modes)} failures", f"at most {FREE // EACH} at once")
    folder = base_folder(world)
    fitted, more = _calibration(folder), corrections or {}
    strengths = {
        mode.id: strength(mode.rate, *fitted.get(mode.id, (0.0, 1.0)), more=more.get(mode.id, 0.0)) for mode in modes
    }
    return with_neurons(clean, plant_neurons(strengths, load_file(folder / "faults.safetensors")), modes)


def _calibration(folder: Path) -> Mapping[str, tuple[float, float]]:
    """Return shift and slope by failure, as far as the base in `folder` was calibrated."""
    path = folder / CALIBRATION
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _mode(world: World, failure: str | FailureMode) -> FailureMode:
    """Return the world's failure of that id, at its default rate or at the rate that the mode asks for."""
    return find_failure(world, failure) if isinstance(failure, str) else find_failure(world, failure.id, failure.rate)
