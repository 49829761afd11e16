"""`drillyard incident report CASE`: one page, JSON, a post-mortem, a draft of the notification."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.incidents.served import case_argument
from drillyard.incidents.case import open_case
from drillyard.incidents.reporting.report import IncidentReport, report_case, write_report

__all__ = ["command", "shown"]


@click.command()
@case_argument
@click.option("--title", default="", help="Of the report.")
@click.option("--aware", type=click.DateTime(["%Y-%m-%d"]), help="Day on which somebody knew, for the law's deadlines.")
@show.handler
def command(case: Path, title: str, aware: datetime | None) -> show.Outcome:
    """Write what is known of a case, and what is not: report.html, report.json, post-mortem.md, article-73-draft.md.

    Exits 0 when there is no trigger, or the cause is confirmed and the remedies help; 1 when something is left to do.
    """
    found = open_case(case)
    report = report_case(found, title, aware.date() if aware else None)
    return shown(report, write_report(found, report))


def shown(report: IncidentReport, page: Path) -> show.Outcome:
    """Return how a report is shown."""
    return show.Outcome(
        verdict=f"{report.verdict.rstrip('.')}.",
        state="passed" if report.holds else "failed",
        data=report,
        body=["not known:", *(f"  {one}" for one in report.unknown)],
        next_command=f"open {page}",
    )
