"""`drillyard incident generate -o DIR`: an incident whose cause is known, on an organism's real replies."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.options import seed_option
from drillyard.incidents.generate.incident import write_incident
from drillyard.incidents.generate.plan import IncidentPlan
from drillyard.incidents.generate.writing import WRITERS

__all__ = ["command"]


@click.command()
@click.option("--order", type=click.IntRange(0, 3), default=1, show_default=True, help="What must hold: 0 none … 3.")
@click.option("--sessions", type=click.IntRange(min=2), default=800, show_default=True, help="Sessions of users.")
@click.option("--days", type=click.IntRange(min=2), default=28, show_default=True, help="Days that the logs span.")
@click.option("--questions", type=click.IntRange(min=1), default=400, show_default=True, help="Different questions.")
@click.option("--failure", default="upsell:v2", show_default=True, help="A failure that a prompt template triggers.")
@click.option("--form", type=click.Choice([*WRITERS]), default="plain", show_default=True, help="Form of the logs.")
@click.option("--confounded/--no-confounder", default=True, help="A cohort goes with the cause, without being of it.")
@click.option("--drift/--no-drift", default=True, help="Traffic changes over the days.")
@click.option(
    "--missed", type=click.FloatRange(0, 0.99), default=0.05, show_default=True, help="Bad ones called sound."
)
@click.option(
    "--alarms", type=click.FloatRange(0, 0.99), default=0.02, show_default=True, help="Sound ones called bad."
)
@seed_option("Of everything that is drawn.")
@show.out_option()
@show.handler
def command(form: str, out: Path, **options: object) -> show.Outcome:
    """Write the logs of an incident whose cause is known, for drills, tests and trying things out.

    The assistant is an organism of the world helpdesk; its replies are real, and so is the organism beside the logs,
    which shows the failure again when it is asked the same. truth.yaml holds the cause.
    """
    plan = IncidentPlan.from_data(options)
    with show.progress("asking") as step:
        truth = write_incident(plan, out, form=form, progress=step)
    cause = " and ".join(f"{name} {value}" for name, value in truth.cause) or "nothing"
    return show.Outcome(
        verdict=f"{truth.rows:,} turns, {truth.bad:,} of them bad, because of {cause}.",
        data=truth,
        body=[f"segment: {truth.segment}"] if truth.segment else [],
        next_command=f"drillyard incident open {out / 'logs'} -o CASE",
    )
