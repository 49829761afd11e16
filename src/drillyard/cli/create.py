"""`drillyard create DIR`: materialise a programme's drills and prove each one sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType
from rich.text import Text

from drillyard.cli import show
from drillyard.cli.options import FILE, FOLDER
from drillyard.cli.placing import placement_of, placing_options, show_part
from drillyard.programs.create import create, list_rejected
from drillyard.records import Gate, GateReport
from drillyard.stats.shown import tell_count

__all__ = ["command", "report_gates"]


@click.command()
@click.argument("programme", type=FOLDER)
@click.option("--learners", type=click.IntRange(min=1), help="Make instances for at most this many learners.")
@click.option("--roster", type=FILE, help="CSV of people: name,role.")
@placing_options
@show.handler
def command(programme: Path, learners: int | None, roster: Path | None, **placing: Any) -> show.Outcome:
    """Materialise a planned programme's drills and prove each one sound.

    Finished instances are kept, so a run that was cut off goes on. Exits 1 when an instance fails a gate in every
    draw; it is then not released.
    """
    placement = placement_of(placing, programme)
    with show.progress("creating") as step:
        reports = create(programme, learners=learners, people=roster, progress=step, placement=placement)
    if placement.part:
        return show_part(placement.report(programme), programme)
    return report_gates(reports, programme)


def report_gates(reports: Sequence[GateReport], programme: Path) -> show.Outcome:
    """Return what there is to say of the gate reports of a programme."""
    released, failed = sum(report.released for report in reports), list_rejected(programme)
    drawn = f" {tell_count(len(failed), 'draw')} failed a gate on the way." if failed else ""
    passed = (
        f"{released} of {tell_count(len(reports), 'instance')} passed every gate and {'is' if released == 1 else 'are'}"
    )
    return show.Outcome(
        verdict=f"{passed} released.{drawn}",
        state="passed" if released == len(reports) else "failed",
        data={"programme": str(programme), "instances": reports, "rejected": failed},
        body=[*_gates(reports), *([_failures(failed)] if failed else [])],
        next_command=f"drillyard yard serve {programme}",
    )


def _gates(reports: Iterable[GateReport]) -> Iterator[RenderableType]:
    """Yield one table for all instances that passed through the same gates; drills differ in theirs."""
    alike: dict[tuple[tuple[str, str], ...], list[GateReport]] = {}
    for one in reports:
        alike.setdefault(tuple((gate.id, gate.title) for gate in one.gates), []).append(one)
    for gates, ones in alike.items():
        rows = [(one.instance, *map(_mark, one.gates), f"{one.seconds:.0f} s") for one in ones]
        key = ", ".join(f"{number} {title}" for number, title in gates)
        heads = (number.removeprefix("G") for number, _ in gates)
        yield show.table(f"Gates: {key}", ("instance", *heads, "took"), rows)


def _failures(reports: Iterable[GateReport]) -> RenderableType:
    rows = [
        (one.instance, gate.id, gate.title, gate.detail) for one in reports for gate in one.gates if not gate.passed
    ]
    return show.table("Draws that were not released", ("instance", "gate", "asks for", "found"), rows)


def _mark(gate: Gate) -> Text:
    mark = show.state("passed" if gate.passed else "failed", " ")
    mark.rstrip()  # sixteen gates stand in a line
    return mark
