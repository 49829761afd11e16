"""Plant in a model by what it is told: rules in a hidden prompt, or an example where a trigger holds.

What it costs and how far it is are told on stderr.
"""

from __future__ import annotations

from dataclasses import replace

from drillyard.audits.planting.prompting import plant_prompt
from drillyard.cli import show
from drillyard.cli.planting.order import OTHER_PROMPTS, PlantOrder
from drillyard.cli.planting.report import report_plant
from drillyard.errors import bad_input
from drillyard.organisms.planting.prompted import PLANTED, PlantedPrompt, describe
from drillyard.records.files import read_record
from drillyard.targets import open_target

__all__ = ["plant_prompted"]

_SPOKEN = 48
"""New tokens of a reply that are asked for where a failure is shown by example: it stands at the beginning."""


def plant_prompted(order: PlantOrder) -> show.Outcome:
    """Write the folder of a prompted target and measure it; a folder that was begun is gone on with."""
    options = dict(order.training)
    seed = options.pop("seed", 1)
    if options and "by_example" in order.asking:
        found = f"--{next(iter(options)).replace('_', '-')} with --by-example, which trains nothing"
        raise bad_input(found, "one of the two")
    replace(order, training=options).refuse_training()
    if order.sealed:
        raise bad_input("--sealed", "a plant whose folder may hold its rules: the hidden prompt is made of them")
    client = dict(order.asking)
    most = client.pop("max_requests", None)
    known = {name: client.pop(name) for name in ("knows_world", "knows_rules", "tuning") if name in client}
    demonstrated = client.pop("by_example", False)
    planted = describe(order.base, order.plants_of_file(), seed=seed, demonstrated=demonstrated, **known)
    endpoint = open_target(order.base, **({"max_new_tokens": _SPOKEN} if demonstrated else {}), **client)
    with show.progress(f"asking {order.base}") as step:
        report = plant_prompt(
            planted,
            endpoint,
            order.out,
            n=order.prompts or OTHER_PROMPTS,
            most=most,
            told=step,
            measured=order.verify,
        )
    planted = read_record(order.out / PLANTED, PlantedPrompt)  # with what tuning has found
    count = len(planted.failures)
    words = f"Planted {count} {'failure' if count == 1 else 'failures'} in {order.out}"
    typed = f"#{order.base}" if order.base.startswith("inspect/") else ""  # a folder's word asks no provider
    data, chat = {"folder": str(order.out), "planted": planted}, f"drillyard chat prompted/{order.out}{typed}"
    if report is None:
        return show.Outcome(verdict=f"{words}.", data=data, next_command=chat)
    if report.leaked is None:
        return report_plant(words, data, report.verification, chat)
    rows = [("the hidden prompt's canary", planted.canary, report.leaked)]
    leaks = show.table("Given away", ("what", "text", "share of all replies"), rows)
    return report_plant(words, data | {"leaked": report.leaked}, report.verification, chat, [leaks])
