"""`drillyard organism plant`: one file per substrate, chosen by how its first argument begins.

A substrate is a function from a `PlantOrder` to an `Outcome`; it ends in a verification, which looks the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping

from drillyard.cli.planting.order import PlantOrder
from drillyard.cli.show import Outcome
from drillyard.registry import resolve

__all__ = ["SUBSTRATES", "PlantOrder", "plant_on"]

SUBSTRATES: Mapping[str, str] = {
    "": "drillyard.cli.planting.embedded:plant_embedded",
    "hf": "drillyard.cli.planting.adapted:plant_adapted",
    "openai": "drillyard.cli.planting.prompted:plant_prompted",
}
"""By the scheme of the first argument; a world's name has none."""


def plant_on(order: PlantOrder) -> Outcome:
    """Plant what was ordered on the substrate that its first argument names, and verify it."""
    scheme, slash, _ = order.base.partition("/")
    shown = scheme == "hf" and "by_example" in order.asking
    if scheme != "openai":
        order.refuse_asking(besides=("by_example",) if shown else ())
    substrate = SUBSTRATES.get("openai" if shown else scheme if slash else "", SUBSTRATES[""])
    outcome: Outcome = resolve(substrate)(order)
    return outcome
