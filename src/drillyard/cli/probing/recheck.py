"""`drillyard probe recheck TARGET PROBE …`: probes that were fitted before a change, measured after it."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.probes.capture.statement import POSITIONS
from drillyard.probes.verdict.recheck import recheck

__all__ = ["command"]


@click.command()
@click.argument("target")
@click.argument("probes", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--task", required=True, help="As for drillyard probe audit.")
@click.option("--at", type=click.Choice(POSITIONS), help="By default where each probe was fitted to read.")
@show.handler
def command(target: str, probes: tuple[Path, ...], task: str, at: str | None) -> show.Outcome:
    """Measure probes again, on a model that has been changed.

    A probe that was used to train or to gate becomes a target: give the used one and one that was kept back. Exits 1
    when a probe has lost more than 0.05 of its AUROC.
    """
    rows = recheck(target, probes, task, at)
    lost = [row for row in rows if row.lost]
    table = show.table(
        "AUROC in the split that it was fitted in",
        ("probe", "of", "before", "now", "model changed", "on rows it was fitted on"),
        [(row.probe, row.card.target, row.before, row.now, _yes(row.changed), _yes(row.fitted)) for row in rows],
    )
    flattered = "  on rows that a probe was fitted on, both areas flatter it: only their difference tells"
    words = f"{len(lost)} of {len(rows)} probes have lost more than 0.05 on {target}."
    body = [table, flattered] if any(row.fitted for row in rows) else [table]
    return show.Outcome(verdict=words, state="failed" if lost else "passed", data={"probes": rows}, body=body)


def _yes(held: bool) -> str:
    return "yes" if held else "no"
