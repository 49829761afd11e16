"""`drillyard case loss FOLDER`: a year's loss, inherent and residual."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.assurance.board import money
from drillyard.assurance.drawn import DrawnCase, open_case
from drillyard.assurance.loss.curve import LossCurve, LossReport, report_loss
from drillyard.assurance.value.words import tell, tell_figure
from drillyard.cli import show
from drillyard.cli.casing.options import day_of, draws_options, folder_argument, out_folder, today_option
from drillyard.records import Estimate
from drillyard.records.files import write_record
from drillyard.stats.shown import percent

__all__ = ["certificates", "command"]


@click.command()
@folder_argument
@click.option(
    "--with", "chosen", multiple=True, help="A control, by id; repeatable. All of them, each alone, unless given."
)
@draws_options
@today_option
@out_folder("Folder for loss.json.")
@show.handler
def command(
    folder: Path, chosen: tuple[str, ...], draws: int, inner: int, seed: int, today: date | None, out: Path | None
) -> show.Outcome:
    """Compute a year's loss, without and with controls.

    Reads case.yaml and its pinned runs; computes every year exactly, for many draws of what nobody knows yet. Exits 1
    when the loss without controls is above the appetite.
    """
    with show.progress("computing") as step:
        case = open_case(folder, day_of(today), draws=draws, seed=seed)
        report = report_loss(case, chosen, inner, told=step)
    if out:
        write_record(out / "loss.json", report)
    return show.Outcome(
        verdict=report.verdict,
        state="passed" if report.holds else "failed",
        data=report,
        body=[_curves(case, report), *_notes(report), *certificates(case)],
        next_command=f"drillyard case invest {folder}",
    )


def _curves(case: DrawnCase, report: LossReport) -> RenderableType:
    currency = case.spec.currency

    def told(one: Estimate | None) -> str:
        return "none" if one is None else f"{money(one.value, currency)} [{tell(one.low)}, {tell(one.high)}]"

    def row(one: LossCurve) -> tuple[str, ...]:
        over = f"{percent(one.over.value, case.spec.appetite.chance, 1)} [{one.over.low:.1%}, {one.over.high:.1%}]"
        figures = (told(figure) for figure in (one.mean, one.var95, one.var99, one.tvar99))
        return (" + ".join(one.controls) or "none", *figures, over)

    heads = ("controls", "mean", "VaR 95", "VaR 99", "TVaR 99", f"over {money(case.spec.appetite.loss, currency)}")
    return show.table("A year's loss, with 90 % bands", heads, [row(one) for one in report.curves])


def _notes(report: LossReport) -> list[str]:
    """Return what has to be said beside the figures, each once."""
    found = list(dict.fromkeys(note for one in report.curves for note in one.notes))
    if longest := max(one.extended for one in report.curves):
        found.append(f"The tail reached beyond the first grid, which was made up to {4**longest} times as long.")
    return found


def certificates(case: DrawnCase) -> list[RenderableType]:
    """Return the birth certificates as a table."""
    rows = [
        (
            one.name,
            one.kind,
            one.origin,
            f"{tell_figure(one.median)} [{tell_figure(one.low)}, {tell_figure(one.high)}]",
            one.age,
        )
        for one in case.certificates
        if not one.origin.endswith(": ledger")
    ]
    heads = ("input", "kind", "from", "median [5 %, 95 %]", "age")
    return [show.table("Birth certificates", heads, rows)]
