"""`drillyard case check FOLDER`: every leaf evaluated again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.assurance.argument.check import MARKS, ArgumentCheck, check_case_argument
from drillyard.assurance.argument.elements import Argument, read_argument
from drillyard.cli import show
from drillyard.cli.casing.options import day_of, folder_argument, today_option

__all__ = ["command", "state_of", "table_of"]


@click.command()
@folder_argument
@today_option
@show.handler
def command(folder: Path, today: date | None) -> show.Outcome:
    """Evaluate every leaf of a safety case again.

    Reads each run as it is now, whether or not it is pinned. Exits 1 unless the top goal holds, and names the leaf.
    """
    argument = read_argument(folder)
    found = check_case_argument(argument, folder, day_of(today))
    return show.Outcome(
        verdict=found.verdict,
        state=state_of(found),
        data=found,
        body=[table_of(argument, found), found.does_not_cover],
        next_command=f"drillyard case argue {folder} -o argument/",
    )


def state_of(found: ArgumentCheck) -> show.State:
    """Return what the top goal's state is on a terminal: what is undeveloped or stale is unknown."""
    states: dict[str, show.State] = {"holds": "passed", "fails": "failed"}
    return states.get(found.state, "unknown")


def table_of(argument: Argument, found: ArgumentCheck) -> RenderableType:
    """Return the elements with their states."""
    rows = [
        (one.id, f"{MARKS[found.of(one.id).state]} {found.of(one.id).state}", one.text, found.of(one.id).words)
        for one in argument.elements
    ]
    return show.table("Elements", ("", "state", "says", "found"), rows)
