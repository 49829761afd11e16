"""`drillyard case pin FOLDER`: hold the runs of a case still."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from drillyard.assurance.argument.check import argument_files
from drillyard.assurance.argument.elements import ARGUMENT, read_argument
from drillyard.assurance.case import read_case_spec, run_files
from drillyard.assurance.evidence import pin_runs
from drillyard.cli import show
from drillyard.cli.casing.options import day_of, folder_argument, today_option
from drillyard.stats.shown import tell_count

__all__ = ["command"]


@click.command()
@folder_argument
@today_option
@show.handler
def command(folder: Path, today: date | None) -> show.Outcome:
    """Pin the stored runs of a case as they are now.

    Writes pins.json: hash, command and day of every run that case.yaml and argument.yaml name. The day is the run's
    own, or stands under `measured_on` in case.yaml; a run without one counts as stale.
    """
    day = day_of(today)
    spec = read_case_spec(folder, day)
    files = set(run_files(spec))
    if (folder / ARGUMENT).is_file():
        files |= {*argument_files(read_argument(folder))}
    pins, changed = pin_runs(folder, files, day, spec.measured_on)
    verdict = f"Pinned {tell_count(len(pins.files), 'run')}; new or changed: {', '.join(changed) or 'none'}."
    if unknown := [name for name, pin in pins.files.items() if pin.made is None]:
        verdict += f" Of unknown age, so stale until case.yaml has its day under `measured_on`: {', '.join(unknown)}."
    return show.Outcome(
        verdict=verdict,
        data=pins,
        next_command=f"drillyard case board {folder} -o board/",
    )
