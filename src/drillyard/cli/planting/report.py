"""How a verification looks: a verdict, a table of asked and measured, and the same as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from drillyard.cli import show
from drillyard.records import PlantReport

__all__ = ["report_plant"]


def report_plant(
    words: str,
    data: Mapping[str, Any],
    report: PlantReport,
    next_command: str,
    more: Sequence[RenderableType] = (),
) -> show.Outcome:
    """Return the outcome of a plant that was measured; it passes when every limit is kept."""
    return show.Outcome(
        verdict=f"{words}; {_count_kept(report)}",
        state="passed" if report.holds else "failed",
        data={**data, "verification": report, "holds": report.holds},
        body=[_checks(report), *more],
        next_command=next_command,
    )


def _count_kept(report: PlantReport) -> str:
    kept = sum(check.holds for check in report.checks)
    rest = "the rest is as in the clean twin" if report.unplanted_holds else "the rest differs from the clean twin"
    return f"{kept} of {len(report.checks)} show as asked, {rest}."


def _checks(report: PlantReport) -> RenderableType:
    rows = [
        (_state(c.holds), c.failure, f"{c.asked:g}", c.measured, f"{c.twin.high:.3f}", c.why) for c in report.checks
    ]
    what = "replies without what is planted" if report.free else "exact answers"
    twin = f"{what}, less the twin's {report.twin_exact.value:.2f}"
    rest = (_state(report.unplanted_holds), "not planted", "", report.unplanted, "", twin)
    columns = ("", "failure", "asked", "measured", "twin at most", "why")
    return show.table("Planted failures, measured on fresh prompts", columns, [*rows, rest])


def _state(holds: bool) -> Text:
    return show.state("passed" if holds else "failed")
