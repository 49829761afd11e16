"""`drillyard refine DIR`: what the attempts say about a programme's drills."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from drillyard.cli import show
from drillyard.cli.options import FOLDER
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.refine import DrillReport, Part, Quartiles, people_of, refine
from drillyard.yard.attempts import attempts

__all__ = ["command"]

_STATES: Mapping[str, show.State] = {"in-range": "passed", "flagged": "failed", "not-enough-evidence": "unknown"}


@click.command()
@click.argument("programme", type=FOLDER)
@show.handler
def command(programme: Path) -> show.Outcome:
    """Read attempts and say what to change in a programme.

    Exits 0 when every drill has enough evidence and nothing is flagged, 1 otherwise.
    """
    folder = ProgramFolder(programme)
    folder.brief()  # refuses a folder that is no programme, before an empty report could hide it
    made = attempts(programme)
    report = refine([*folder.attempts(), *made], people_of(folder.roster()) if made else {})
    return show.Outcome(
        verdict=report.verdict,
        state=_STATES[report.state],
        data=report,
        body=[part for drill in report.drills for part in _body(drill)],
        next_command=f"drillyard yard serve {programme}",
    )


def _body(drill: DrillReport) -> list[RenderableType]:
    parts = [drill.solved, *drill.sub_checks, *drill.roles]
    counts = (
        f"{drill.graded} of {drill.learners} learners graded, {drill.unfinished} not yet, {drill.retries} later tries"
    )
    body: list[RenderableType] = [
        show.table(drill.drill, ("part", "solved", "what that allows"), [_row(part) for part in parts]),
        Text(f"{counts}. Minutes: {_spread(drill.minutes)}. Hints: {_spread(drill.hints)}."),
        *map(Text, drill.proposals),
    ]
    if drill.rehearsals:
        rows = [(one.solver, one.attempts, one.passed) for one in drill.rehearsals]
        body.append(show.table("Rehearsal: scripts, no learners", ("solver", "attempts", "passed"), rows))
    return body


def _row(part: Part) -> tuple[str, str, str]:
    return part.id, show.estimate(part.solved) if part.solved else "not shown", part.verdict.words


def _spread(quartiles: Quartiles | None) -> str:
    if quartiles is None:
        return "not shown"
    return f"median {quartiles.median:g}, half of them {quartiles.lower:g} to {quartiles.upper:g}"
