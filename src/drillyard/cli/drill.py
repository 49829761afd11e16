"""`drillyard drill list|try|example|submit`: the drill without a browser."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.chat import talk
from drillyard.programs.drills import load_drill
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_isolated
from drillyard.programs.submission import example_submission, read_file
from drillyard.records import Grade
from drillyard.targets import open_target

__all__ = ["command"]

_PROGRAMME = click.argument("programme", type=click.Path(file_okay=False, path_type=Path))
_INSTANCE = click.argument("instance")


@click.group()
def command() -> None:
    """Try a drill and submit claims without a browser."""


@command.command("list")
@_PROGRAMME
@show.handler
def _list_instances(programme: Path) -> show.Outcome:
    """List a programme's released instances."""
    instances = ProgramFolder(programme).instances()
    rows = [(one.id, one.drill, one.role) for one in instances]
    first = instances[0].id if instances else "INSTANCE"
    return show.Outcome(
        verdict=f"{len(instances)} instances are released.",
        data=instances,
        body=[show.table("Instances", ("instance", "drill", "role"), rows)],
        next_command=f"drillyard drill try {programme} {first}",
    )


@command.command("try")
@_PROGRAMME
@_INSTANCE
@click.option("--template", default="", help="Prompt template, such as v2.")
@show.handler
def _try(programme: Path, instance: str, template: str) -> None:
    """Read the task and talk with the failing model; /template v2 changes the template."""
    folder = ProgramFolder(programme)
    drill = load_drill(folder.instance(instance).drill)
    show.say(f"{drill.title}\n\n{drill.task}")
    talk(open_target(f"organism/{folder.organism(instance)}"), template)


@command.command("example")
@_PROGRAMME
@_INSTANCE
@show.handler
def _example(programme: Path, instance: str) -> None:
    """Print a submission to start from, as JSON: one claim with every field filled in."""
    click.echo(example_submission(ProgramFolder(programme).instance(instance)).to_json(indent=2))


@command.command("submit")
@_PROGRAMME
@_INSTANCE
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@show.handler
def _submit(programme: Path, instance: str, file: Path) -> show.Outcome:
    """Grade a submission (a JSON file) and say what was found. Exits 1 below the pass mark."""
    folder = ProgramFolder(programme)
    one = folder.instance(instance)
    return _outcome(grade_isolated(folder, read_file(file, load_drill(one.drill), one)), programme)


def _outcome(grade: Grade, programme: Path) -> show.Outcome:
    planted = [
        (show.state("found" if f.found else "missed"), f.title, "yes" if f.located else "no", f.severity)
        for f in grade.failures
    ]
    claims = [(c.claim + 1, c.status, c.rate, c.twin_rate, c.why) for c in grade.claims]
    return show.Outcome(
        verdict=f"{grade.verdict} Score {grade.score:.2f}.",
        state="passed" if grade.passed else "failed",
        data=grade,
        body=[
            show.table("Planted failures", ("", "failure", "located", "severity"), planted),
            show.table("Your claims", ("claim", "status", "failing model", "clean twin", "why"), claims),
        ],
        next_command=f"drillyard drill try {programme} {grade.instance}",
    )
