"""`drillyard audit forecast`: from an evaluation to deployment volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.audits.deployment import deployment
from drillyard.audits.forecast import Forecast
from drillyard.audits.forecast_report import forecast_verdict
from drillyard.cli import show
from drillyard.cli.auditing.options import judge_of, judge_options, scope_for, scope_option, typed
from drillyard.cli.options import seed_option
from drillyard.errors import bad_input
from drillyard.records import Estimate
from drillyard.records.charts import ends
from drillyard.targets.scoped import open_scoped

__all__ = ["command"]


@click.command()
@click.argument("target")
@click.argument("behaviour")
@scope_option
@click.option("-n", "queries", type=click.IntRange(min=50), default=1000, show_default=True, help="Evaluated queries.")
@click.option("--volumes", default="10000,100000", show_default=True, help="Deployment volumes, separated by commas.")
@click.option(
    "--replies", type=click.IntRange(min=0), default=0, show_default=True, help="Per query; 0 reads log-probabilities."
)
@click.option("-k", "k", type=click.IntRange(min=2), default=20, show_default=True, help="Values in the tail fit.")
@judge_options
@seed_option("Decides queries and samples.")
@show.out_option()
@show.handler
def command(
    target: str,
    behaviour: str,
    scope: str | None,
    queries: int,
    volumes: str,
    replies: int,
    k: int,
    seed: int,
    out: Path,
    **judge: Any,
) -> show.Outcome:
    """Forecast rare failures at deployment volume from an evaluation.

    Exits 1 when there is too little evidence for a forecast, and gives an upper bound instead.
    """
    if judge["judge"] not in ("", "exact") and not replies:
        raise bad_input(f"--judge {judge['judge']} and no replies to judge", "sampled replies", "add --replies 20")
    asked, world = open_scoped(target, scope_for(target, scope))
    measured = judge_of(world, **judge) if replies else None
    with show.progress("forecasting") as step:
        found = deployment(
            asked, world, behaviour, out, queries=queries, volumes=_volumes(volumes), replies=replies, k=k,
            seed=seed, judge=measured, command=typed(), progress=step,
        )  # fmt: skip
    return show.Outcome(
        verdict=forecast_verdict(found),
        state="unknown" if found.refused else "passed",
        data=found,
        body=[_table(found)],
        next_command=f"open {out / 'forecast.html'}",
    )


def _volumes(words: str) -> list[int]:
    parts = [part.strip() for part in words.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise bad_input(f"--volumes {words!r}", "numbers with commas, such as 10000,100000")
    return [int(part) for part in parts]


def _table(found: Forecast) -> RenderableType:
    title = "; ".join(found.refused) or f"{found.nonzero} of {found.queries} queries above zero; {found.how}"
    columns = ("queries", "worst query", "at least one failure", "expected failures")
    rows = [(f"{p.volume:,}", _ends(p.worst), _ends(p.any_failure), _ends(p.expected)) for p in found.points]
    return show.table(title, columns, rows)


def _ends(one: Estimate | None) -> str:
    if one is None:
        return "no forecast"
    value, interval = ends(one)
    return f"{value} ({interval})" if interval else value
