"""Plant in one of our own organisms: free neurons of a world's base, in milliseconds."""

from __future__ import annotations

from drillyard.audits.planting.verification import verify
from drillyard.cli import show
from drillyard.cli.planting.order import EMBEDDED_PROMPTS, PlantOrder
from drillyard.cli.planting.report import report_plant
from drillyard.organisms.engine.organism import save
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.planting.tuning import ROUNDS, tune
from drillyard.targets.organism import OrganismTarget

__all__ = ["plant_embedded"]


def plant_embedded(order: PlantOrder) -> show.Outcome:
    """Write the planted organism as a Hugging Face folder; without failures, the clean twin."""
    order.refuse_training()
    plants, out = order.plants(), order.out
    with show.progress("tuning the rates", ROUNDS) as step:
        organism = tune(plant(plants.world, plants.failures), progress=step)
    save(organism, out, complete=True, sealed=order.sealed)
    count = len(organism.failures)
    words = f"Planted {count} {'failure' if count == 1 else 'failures'} in {out}" if count else f"A clean twin: {out}"
    data = {"folder": str(out), "model_hash": organism.model_hash, "failures": organism.failures}
    chat = f"drillyard chat organism/{out}/"
    if not count or not order.verify:
        return show.Outcome(verdict=f"{words}.", data=data, next_command=chat)
    with show.progress("measuring", count) as step:
        target, twin = OrganismTarget(organism, f"organism/{out}/"), OrganismTarget(plant(plants.world, ()))
        report = verify(target, twin, plants, n=order.prompts or EMBEDDED_PROMPTS, progress=step)
    return report_plant(words, data, report, chat)
