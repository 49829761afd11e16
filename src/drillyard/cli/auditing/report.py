"""`drillyard audit report`: from the record of an audit to the formats that people and their tools read."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.audits.reports.writing import FILES, read_report, render, write_reports
from drillyard.cli import show
from drillyard.cli.options import FILE, PATH
from drillyard.errors import bad_input
from drillyard.records.files import write_atomically

__all__ = ["command"]


@click.command()
@click.argument("run", type=PATH)
@click.option("--format", "form", type=click.Choice(list(FILES)), help="One format only; all of them by default.")
@click.option("-o", "--out", type=FILE, help="File for that one format.")
@show.handler
def command(run: Path, form: str | None, out: Path | None) -> show.Outcome:
    """Render the report of an audit again.

    RUN is the folder that drillyard audit -o wrote, or the file that it printed with --json. Without -o the files go
    beside report.json.
    """
    if out and not form:
        raise bad_input("-o without --format", f"one of: {', '.join(FILES)}", "add --format html")
    report, beside = read_report(run), run if run.is_dir() else run.parent
    if form:
        paths = [out or beside / FILES[form]]
        write_atomically(paths[0], render(report, form))
    else:
        with show.progress("writing") as step:
            paths = write_reports(report, beside, step)
    return show.Outcome(
        verdict=f"Written: {', '.join(map(str, paths))}.",
        data={"files": [str(path) for path in paths]},
        next_command=f"open {paths[-1]}" if form else f"open {beside / FILES['html']}",
    )
