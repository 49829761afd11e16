"""`drillyard up`: design, create, rehearse and serve a programme in one go."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import create as created
from drillyard.cli import show
from drillyard.cli.designing import plan as designed
from drillyard.cli.options import PATH, db_option, grading_option, log_option
from drillyard.programs.create import create, open_roster
from drillyard.programs.design import design
from drillyard.programs.examples import default_brief
from drillyard.yard.serve import DEFAULT_PORT, serve

__all__ = ["command"]


@click.command()
@click.argument("brief", required=False, type=PATH)
@click.option("--learners", type=click.IntRange(min=1), help="Make instances for at most this many learners.")
@click.option("--no-serve", is_flag=True, help="Stop after the rehearsal.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port; 0 takes a free one."
)
@db_option()
@grading_option()
@log_option()
@show.out_option(default=Path("programme"))
@show.handler
def command(
    brief: Path | None,
    learners: int | None,
    no_serve: bool,
    host: str,
    port: int,
    db: str,
    grading: bool,
    log: str,
    out: Path,
) -> show.Outcome | None:
    """Design, create, rehearse and serve a programme.

    Without a BRIEF it uses a programme for six roles that ships with Drillyard. The yard opens as soon as the plan
    stands: lessons and quizzes are there at once, drills are made while it is open, those first that somebody waits
    for. With --no-serve all are made now. Exits 1 when a plan does not fit, or when --no-serve holds an instance back.
    """
    brief = brief or default_brief()
    with show.progress("designing") as step:
        plan = design(brief, out, progress=step)
    if plan.status != "fits":
        return designed.report_plan(plan, brief, out)
    if no_serve:
        with show.progress("creating and rehearsing") as step:
            return created.report_gates(create(out, learners=learners, progress=step), out)
    ready, drills = open_roster(out, learners)
    show.say(
        f"{ready} of {drills} drills are made; the others are made while the yard is open, lessons are there at once."
    )
    serve(out, host, port, open_browser=True, db=db, grading=grading, log=log)
    return None
