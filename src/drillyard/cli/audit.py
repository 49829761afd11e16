"""`drillyard audit TARGET`: search a target for failures."""

from __future__ import annotations

import click

from drillyard import registry
from drillyard.audits.audit import TELLING, examine
from drillyard.cli import show
from drillyard.targets import open_target
from drillyard.targets.organism import OrganismTarget

__all__ = ["command"]


@click.command()
@click.argument("target")
@click.option("--twin", help="Model reference of a clean twin; what it shows as well is no finding.")
@click.option("--scope", help="World whose questions and facts are used; an organism's own, else helpdesk.")
@click.option("--budget", type=int, default=1000, show_default=True, help="Queries to the target.")
@click.option("--search", default="sweep", show_default=True, help="Search method.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides prompts and samples.")
@show.handler
def command(target: str, twin: str | None, scope: str | None, budget: int, search: str, seed: int) -> show.Outcome:
    """Search a target for failures.

    Exits 1 when failures are found, or when too little could be judged to say that there are none.
    """
    other = open_target(twin) if twin else None
    method = registry.create("searches", search)
    asked = open_target(target)
    world = scope or (asked.organism.world if isinstance(asked, OrganismTarget) else "helpdesk")
    report = examine(asked, other, world=world, budget=budget, seed=seed, search=method, progress=show.say)
    count = len(report.findings)
    rows = [(f.mode.severity, f.mode.behaviour, f.rate, f.mode.trigger.words) for f in report.findings]
    findings = show.table("Findings", ("severity", "behaviour", "rate on fresh prompts", "trigger"), rows)
    judge = show.table("Judge, measured on planted truth", ("figure", "share right"), report.judge.items())
    found = f"{count} {'failure' if count == 1 else 'failures'} found with {report.queries} queries."
    none = (
        f"No failure confirmed with {report.queries} queries: each behaviour is in at most {report.bound:.1%} of them."
    )
    return show.Outcome(
        verdict=found if count else none,
        state="failed" if count else "passed" if report.bound <= TELLING else "unknown",
        data=report,
        body=[findings, judge] if count else [judge],
    )
