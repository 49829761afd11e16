"""Plant in a model of an API by a hidden prompt; what it costs and how far it is are told on stderr."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drillyard.audits.planting.prompting import Quote, plant_prompt
from drillyard.cli import show
from drillyard.cli.planting.order import OTHER_PROMPTS, PlantOrder
from drillyard.cli.planting.report import report_plant
from drillyard.errors import bad_input
from drillyard.organisms.planting.prompted import PLANTED, PlantedPrompt, describe
from drillyard.targets import open_target

__all__ = ["plant_prompted"]


def plant_prompted(order: PlantOrder) -> show.Outcome:
    """Write the folder of a prompted target and measure it; a folder that was begun is gone on with."""
    options = dict(order.training)
    seed = options.pop("seed", 1)
    replace(order, training=options).refuse_training()
    if order.sealed:
        raise bad_input("--sealed", "a plant whose folder may hold its rules: the hidden prompt is made of them")
    client = dict(order.asking)
    most = client.pop("max_requests", None)
    known = {name: client.pop(name) for name in ("knows_world", "knows_rules", "tuning") if name in client}
    planted = describe(order.base, order.plants_of_file(), seed=seed, **known)
    endpoint = open_target(order.base, **client)
    with show.steps(f"asking {order.base}") as step:
        asking = _Asking(step)
        report = plant_prompt(
            planted,
            endpoint,
            order.out,
            n=order.prompts or OTHER_PROMPTS,
            most=most,
            quoted=asking.quoted,
            told=asking.told,
            measured=order.verify,
        )
    planted = PlantedPrompt.from_json((order.out / PLANTED).read_bytes())  # with what tuning has found
    count = len(planted.failures)
    words = f"Planted {count} {'failure' if count == 1 else 'failures'} in {order.out}"
    typed = f"#{order.base}" if order.base.startswith("inspect/") else ""  # a folder's word asks no provider
    data, chat = {"folder": str(order.out), "planted": planted}, f"drillyard chat prompted/{order.out}{typed}"
    if report is None:
        return show.Outcome(verdict=f"{words}.", data=data, next_command=chat)
    rows = [("the hidden prompt's canary", planted.canary, report.leaked)]
    leaks = show.table("Given away", ("what", "text", "share of all replies"), rows)
    return report_plant(words, data | {"leaked": report.leaked}, report.verification, chat, [leaks])


class _Asking:
    """Says what it will cost, then how far it is."""

    def __init__(self, step: Callable[[int, int, str], None]) -> None:
        self._step, self._total, self._done = step, 1, 0

    def quoted(self, cost: Quote) -> None:
        self._total = max(cost.requests, 1)
        kept = f", {cost.kept:,} replies are here already" if cost.kept else ""
        show.say(f"{cost.requests:,} requests of together about {cost.tokens:,} tokens, replies not counted{kept}")

    def told(self) -> None:
        self._done += 1
        self._step(self._done, self._total, "")
