"""`drillyard incident deadlines --aware DAY`: until when a serious incident must be reported."""

from __future__ import annotations

from datetime import date, datetime

import click

from drillyard.cli import show
from drillyard.incidents.deadlines import deadlines

__all__ = ["command"]


@click.command()
@click.option("--aware", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Day on which you became aware of it.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day from which the days left are counted.")
@show.handler
def command(aware: datetime, today: datetime | None) -> show.Outcome:
    """Say until when the EU AI Act (Article 73) wants a serious incident reported, by its kind.

    A report is due at once when a causal link is established or reasonably likely; these are the latest days.
    """
    found = deadlines(aware.date(), today.date() if today else date.today())
    rows = [(one.due, _left(one.left), one.words, one.paragraph) for one in found.deadlines]
    first, last = found.deadlines[0].due, found.deadlines[-1].due
    return show.Outcome(
        verdict=f"The first latest day is {first}, the last {last}; which one, the kind decides.",
        data=found,
        body=[
            show.table(found.law, ("due", "left", "kind of incident", "paragraph"), rows),
            f"\nFor high-risk systems, from {found.applies_from}. Source: {found.source}, read {found.read}.",
        ],
    )


def _left(days: int) -> str:
    return f"{days} days left" if days >= 0 else f"{-days} days ago"
