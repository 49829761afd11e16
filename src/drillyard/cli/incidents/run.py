"""`drillyard incident run FOLDER -o CASE`: all steps of an incident, from its logs to the report."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.incidents.remedy import tables as remedy_tables
from drillyard.cli.incidents.replay import tables as replay_tables
from drillyard.cli.incidents.report import shown
from drillyard.cli.incidents.served import opened
from drillyard.cli.options import PATH
from drillyard.errors import bad_input
from drillyard.incidents.remedy.remedy import RemedyOrder
from drillyard.incidents.replay.replay import ReplayOrder
from drillyard.incidents.running import RunOrder, read_brief, run_incident

__all__ = ["command"]


@click.command()
@click.argument("folder", type=PATH)
@click.option("--target", default="", help="The model, to be asked again; the brief's by default.")
@click.option("--judge", default="", show_default="exact in a world, else labels", help="Who says what is bad.")
@click.option("--technique", default="rlhf", show_default=True, help="Layer 2: a technique of drillyard align.")
@click.option("--critic", default="", show_default="clerk in a world", help="Layer 3: who reads drafts; a target.")
@click.option("--inputs", type=click.IntRange(10, 5000), default=60, show_default=True, help="Inputs per measurement.")
@click.option("--budget", type=click.IntRange(1), default=1000, show_default=True, help="Most queries of the replay.")
@click.option(
    "--shuffles", type=click.IntRange(min=20), default=1000, show_default=True, help="Shuffles of the labels."
)
@show.out_option()
@spending_options
@show.handler
def command(
    folder: Path, target: str, judge: str, technique: str, critic: str, inputs: int, budget: int, shuffles: int,
    out: Path,
) -> show.Outcome:  # fmt: skip
    """Open, seal, slice, replay, price, remedy and report an incident. A killed run goes on with the same command.

    FOLDER holds logs and brief.yaml (drillyard incident generate writes one). Exits 0 also where there is no trigger
    beyond chance, and where the cause is confirmed and the layers help; 1 when something is left to do.
    """
    brief = read_brief(folder)
    reference = target or _beside(folder, brief.target)
    if not reference:
        raise bad_input("no target", "the model that is to be asked again", "type --target REFERENCE")
    order = RunOrder(
        replay=ReplayOrder(target=reference, judge=judge, inputs=inputs, budget=budget),
        remedy=RemedyOrder(inputs=inputs, technique=technique, critic=critic),
        shuffles=shuffles,
    )
    with show.progress("incident") as step:
        report, page = run_incident(folder, out, brief, order, lambda: opened(reference), step)
    outcome = shown(report, page)
    parts = [*(replay_tables(report.replayed) if report.replayed else ()),
             *(remedy_tables(report.remedies) if report.remedies else ())]  # fmt: skip
    return show.Outcome(
        verdict=outcome.verdict,
        state=outcome.state,
        data=report,
        body=[*parts, "", *outcome.body],
        next_command=outcome.next_command,
    )


def _beside(folder: Path, reference: str) -> str:
    """Return a brief's target; one at a path that begins with a dot lies beside the brief."""
    scheme, _, path = reference.partition("/")
    if not path.startswith("./"):
        return reference
    place = folder / path
    return f"{scheme}/{place}" if place.is_absolute() else f"{scheme}/./{place}"
