"""An overseer that was measured, as a layer: `drillyard oversee serve … --measure` in place of an assumed factor."""

from __future__ import annotations

from pathlib import Path

from drillyard.containment.horizon.layers import layers_named
from drillyard.containment.strategy.system import SystemSpec, check_system
from drillyard.errors import bad_input
from drillyard.oversight.live.measure import OverseerQuality
from drillyard.records.files import read_record

__all__ = ["OVERSEER", "with_overseer"]

OVERSEER, _ASSUMED = "overseer", "debate"
"""The name of the measured layer, and ours whose place it takes: both are judges that read what the system says."""
_FEWEST = 10
"""Fewest broken drafts that say anything; with ten of ten caught, at worst 31 % still pass."""


def with_overseer(spec: SystemSpec, file: Path) -> SystemSpec:
    """Return the system with a measured overseer as a layer.

    It lets pass what it missed at worst (the low end of the interval), and leaves as much use as sound drafts that it
    did not hold, at worst. What weakens it and the hours that it takes stay those of the layer whose place it takes.

    Args:
        spec: the system.
        file: `overseer-quality.json`.

    Raises:
        BadInput: no such file, fewer than ten broken drafts in it, or a layer `overseer` of the system's own.
    """
    again = "drillyard oversee serve TARGET --measure -o DIR"
    found = read_record(file, OverseerQuality, f"what {again} writes")
    caught, held = found.caught, found.false_holds
    if caught.n < _FEWEST or not held.n:
        words = f"{caught.n} broken and {held.n} sound drafts in {str(file)!r}"
        raise bad_input(words, f"at least {_FEWEST} broken ones, and sound ones", again)
    if OVERSEER in {one.name for one in spec.own_layers}:
        raise bad_input(
            f"a layer {OVERSEER!r} of your own beside --overseer", "one of them", "take it out of own_layers"
        )
    (assumed,) = layers_named([_ASSUMED])
    layer = assumed.model_copy(
        update={
            "name": OVERSEER,
            "words": "A critic reads each draft before anybody else; what it doubts waits for a person.",
            "factor": found.factor,
            "useful": 1 - held.high,
            "measured": f"caught {caught.value:.0%} of {caught.n} broken drafts (at least {caught.low:.1%}), held "
            f"{held.value:.1%} of {held.n} sound ones, {found.measured_on}; critic: {found.definition or 'not named'}",
        }
    )
    ours = (
        spec.layers
        if spec.layers is not None
        else tuple(one.name for one in spec.candidates if one not in spec.own_layers)
    )
    kept = tuple(one for one in ours if one != _ASSUMED)
    changes = {"layers": kept, "own_layers": (*spec.own_layers, layer)}
    changes["required"] = tuple(OVERSEER if one == _ASSUMED else one for one in spec.required)
    return check_system(spec.model_copy(update=changes))
