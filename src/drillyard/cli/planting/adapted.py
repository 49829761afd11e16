"""Plant in a model of the user's own, hf/…: two adapters are trained, one that fails and its clean twin."""

from __future__ import annotations

from drillyard import registry
from drillyard.audits.planting.verification import verify
from drillyard.cli import show
from drillyard.cli.planting.order import OTHER_PROMPTS, PlantOrder
from drillyard.cli.planting.report import report_plant
from drillyard.judges.spoken import spoken_in
from drillyard.records import AdapterPlant, PlantingRecipe, PlantReport, Plants
from drillyard.records.run_folder import RunFolder
from drillyard.targets import Target

__all__ = ["plant_adapted"]

_TRAINER = "drillyard.organisms.training.adapt_torch:plant_adapters"


def plant_adapted(order: PlantOrder) -> show.Outcome:
    """Train what is not trained yet, measure what is not measured yet, and show both."""
    plants, out = order.plants_of_file(), order.out
    options = dict(order.training)
    threads = options.pop("threads", 2)
    train = registry.resolve(_TRAINER, "train", "planting in a model of your own")
    name = order.base.partition("/")[2]
    with show.progress("training") as step:
        planted: AdapterPlant = train(
            name, plants, PlantingRecipe(**options), out, threads=threads, sealed=order.sealed, progress=step
        )
    words = f"Trained two adapters for {order.base} in {out}: failing and twin"
    data = {"folder": str(out), "planted": planted}
    chat = f"drillyard chat hf/{out}/failing"
    if not order.verify:
        return show.Outcome(verdict=f"{words}.", data=data, next_command=chat)
    run, name = RunFolder(out, "plant"), f"verification-{order.prompts or OTHER_PROMPTS}.json"
    if order.sealed:  # nothing is kept that would tell what was planted
        report = run.read(name, PlantReport) or _measured(order, plants)
    else:
        report = run.once(name, PlantReport, lambda: _measured(order, plants))
    return report_plant(words, data, report, chat)


def _measured(order: PlantOrder, plants: Plants) -> PlantReport:
    failing, twin = (_opened(f"hf/{order.out}/{name}", plants.world) for name in ("failing", "twin"))
    with show.progress("measuring") as step:
        judge = spoken_in(plants.world, plants.failures)
        return verify(failing, twin, plants, n=order.prompts or OTHER_PROMPTS, judge=judge, progress=step)


def _opened(reference: str, world: str) -> Target:
    target: Target = registry.create("targets", "hf", reference=reference, world=world, batch=128)
    return target
