"""`drillyard probe audit TARGET --task …`: a probe, its splits and controls, and a verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import FiniteRange
from drillyard.probes.capture.statement import POSITIONS, Position
from drillyard.probes.tasks.known import TASKS
from drillyard.probes.verdict.order import run_audit
from drillyard.probes.verdict.report import ProbeAudit, sentence

__all__ = ["command"]

_STATES: dict[str, show.State] = {"signal": "passed", "unknown": "unknown"}


@click.command()
@click.argument("target")
@click.option("--task", required=True, help=f"{', '.join(TASKS)}, or a file of labelled statements (.jsonl).")
@click.option("--method", default="logistic", show_default=True, help="logistic, lda, mean-difference or constant.")
@click.option("--at", type=click.Choice(POSITIONS), default="statement-end", show_default=True, help="The token read.")
@click.option("--layers", default="", help="Such as 0,3,6, or all; by default about ten, evenly spread.")
@click.option("--twin", help="Model reference of a clean twin, read beside the target.")
@click.option("--randoms", type=click.IntRange(0, 10), default=3, show_default=True, help="Models with random weights.")
@click.option("--flips", type=click.IntRange(99, 9999), default=199, show_default=True, help="Flipped labellings.")
@click.option("--level", type=FiniteRange(0.001, 0.5), default=0.1, show_default=True, help="Of the threshold.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides folds and draws.")
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of states, probe and page.")
@show.handler
def command(target: str, task: str, out: Path | None, at: Position, **options: str) -> show.Outcome:
    """Fit a probe, hold every control beside it, and say what may be claimed.

    The verdict is one of signal, shortcut, inverted, local, no signal, known but not linearly read, unknown. Exits 1
    unless it is signal.
    """
    typed = " ".join(["drillyard", *sys.argv[1:]])
    with show.progress("auditing") as step:
        report = run_audit(target, task, out, position=at, command=typed, told=step, **options)
    return show.Outcome(
        verdict=sentence(report),
        state=_STATES.get(report.verdict, "failed"),
        data=report,
        body=[*(f"  also: {words}" for words in report.reasons[1:]), _cells(report), _others(report)],
        next_command=f"open {out / 'audit.html'}" if out else f"drillyard probe audit {target} --task {task} -o DIR",
    )


def _cells(report: ProbeAudit) -> RenderableType:
    rows = []
    for cell in report.cells:
        best = max(cell.controls.items(), key=lambda item: item[1].value, default=None)
        nearest = f"{best[0]} {best[1].value:.2f} [{best[1].low:.2f}, {best[1].high:.2f}]" if best else "none"
        rows.append((cell.name, cell.groups, cell.area, nearest))
    return show.table("AUROC by split", ("split", "groups", "probe", "best control"), rows)


def _others(report: ProbeAudit) -> RenderableType:
    rows: list[tuple[object, ...]] = [
        ("layers chosen, by fold", ", ".join(map(str, report.layers))),
        ("labels flipped by group", f"p = {report.flip_p:.3g}; one in twenty reaches {report.flip_top:.2f}"),
        ("truth erased, refitted", report.erased),
        ("random directions", f"one in twenty reaches {report.random_top:.2f}"),
        ("mean difference, plain", report.plain_mean),
        ("mean difference, standardised", report.scaled_mean),
        *((f"{name}, without labels", one) for name, one in report.unlabelled.items()),
    ]
    if report.residual is not None:
        rows.append(("likelihood and entropy regressed out", report.residual))
    if report.knowledge is not None:
        rows.append((f"knows, of {report.knowledge.ways} ways", report.knowledge.share))
    return show.table("Other controls", ("control", "figure"), rows)
