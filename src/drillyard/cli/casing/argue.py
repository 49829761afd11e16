"""`drillyard case argue FOLDER -o OUT`: the safety case, checked and written out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import read_argument
from drillyard.assurance.argument.report import write_argument
from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.cli.casing.check import state_of, table_of
from drillyard.cli.casing.options import day_of, folder_argument, today_option

__all__ = ["command"]


@click.command()
@folder_argument
@today_option
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into."
)
@show.handler
def command(folder: Path, today: date | None, out: Path) -> show.Outcome:
    """Check a safety case and write it out, with a pack per standard.

    Writes argument.html and .svg, GSN as YAML, SACM as XML, OSCAL assessment results (validated where the extra oscal
    is installed) and an evidence pack per standard. Exits 1 unless the top goal holds.
    """
    argument = read_argument(folder)
    found = check_case_argument(argument, folder, day_of(today))
    validated = write_argument(argument, found, out, typed())
    how = "OSCAL validated" if validated else "OSCAL not validated: pip install 'drillyard[oscal]' does that"
    return show.Outcome(
        verdict=f"{found.verdict}. {how}.",
        state=state_of(found),
        data=found,
        body=[table_of(argument, found), found.does_not_cover],
        next_command=f"open {out / 'argument.html'}",
    )
