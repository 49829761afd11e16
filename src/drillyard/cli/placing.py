"""Options that say where the tasks of a run are done, and what a part of a run has to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from drillyard.cli import show
from drillyard.cli.options import FOLDER
from drillyard.errors import bad_input
from drillyard.stats.shown import tell_count
from drillyard.tasks.placement import Part, PartReport, Placement
from drillyard.tasks.workers import count_processors

__all__ = ["placement_of", "placing_options", "show_part"]

P = ParamSpec("P")
R = TypeVar("R")
_NAMES = ("workers", "on", "part", "merge", "sources")


def placing_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--workers`, `--on`, `--part`, `--merge` and `--from`; see `placement_of`."""
    for option in reversed(
        (
            click.option(
                "--workers", "--jobs", type=click.IntRange(min=1), help="At a time; one per processor by default."
            ),
            click.option("--on", default="", metavar="WHERE", help="ray, or HOST:PORT of a Ray cluster's head."),
            click.option("--part", metavar="I/N", help="Only every N-th task from the I-th on, for jobs of an array."),
            click.option("--merge", is_flag=True, help="Take what all parts have done, and go on as one run."),
            click.option("--from", "sources", type=FOLDER, multiple=True, help="A part's folder; for --merge."),
        )
    ):
        function = option(function)
    return function


def placement_of(options: dict[str, Any], out: Path | None) -> Placement:
    """Take the options out of a command's, and return where its tasks run. Raises `BadInput` for what does not fit."""
    workers, on, part, merge, sources = (options.pop(name) for name in _NAMES)
    if (part or merge) and out is None:
        raise bad_input("--part or --merge without -o", "-o DIR, the folder that the parts share")
    if merge and (part or on):
        raise bad_input("--merge with --part or --on", "--merge alone: it runs nothing")
    if sources and not merge:
        raise bad_input("--from without --merge", "both")
    default = 0 if ":" in on else count_processors()
    return Placement(
        workers=workers or default, on=on, part=Part.parse(part) if part else None, merge=merge, sources=sources
    )


def show_part(report: PartReport, out: Path) -> show.Outcome:
    """Say that a part is done, and what is still to come."""
    return show.Outcome(
        verdict=f"Part {report.part} of {report.of} is done: {tell_count(len(report.tasks), 'task')}.",
        data=report,
        next_command=f"the same command for the other parts, then with --merge in place of --part (-o {out})",
    )
