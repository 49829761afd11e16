"""`drillyard contain incentives [SPEC.yaml]`: what a system could want to control, by its diagram."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.containment.incentives.page import write_incentives
from drillyard.containment.incentives.report import IncentiveReport, judge_diagrams, oracle_diagrams, read_diagrams

__all__ = ["command"]


@click.command()
@click.argument("spec", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the drawn page.")
@show.handler
def command(spec: Path | None, out: Path | None) -> show.Outcome:
    """Find what a system could gain by knowing, and by controlling.

    Without a file the diagrams of an oracle are judged, plain and with each mitigation (examples/oracle). Exits 1
    when a required diagram gives an incentive to control a protected node.
    """
    report = judge_diagrams(read_diagrams(spec) if spec else oracle_diagrams())
    page = write_incentives(report, out, typed()) if out else None
    return show.Outcome(
        verdict=report.verdict,
        state="passed" if report.holds else "failed",
        data=report,
        body=[_table(report), report.does_not_show],
        next_command=f"open {page}" if page else "",
    )


def _table(report: IncentiveReport) -> RenderableType:
    rows = []
    for one in report.reports:
        found = one.incentives
        sets = (found.information, found.response, found.instrumental_control) if found else ((), (), ())
        freed = ", ".join(one.freed) or "nothing" if one.diagram.mitigates else "–"
        cells = [", ".join(names) or "–" for names in (*sets, one.steered)]
        rows.append((one.diagram.name, *cells, freed))
    heads = ("diagram", "information", "response", "control", "steered", "set free")
    return show.table("What each diagram admits (control: instrumental; steered: of that, protected)", heads, rows)
