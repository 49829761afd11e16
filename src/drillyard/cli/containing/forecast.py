"""`drillyard contain forecast [SPEC.yaml]`: what an oracle says whose answer moves the outcome, and what repairs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import spec_argument
from drillyard.containment.forecasting.mitigations import MitigationTable
from drillyard.containment.forecasting.spec import ForecastReport, PerformativeSpec, forecast, read_forecast

__all__ = ["command"]


@click.command()
@spec_argument()
@click.option("--a", type=float, help="Level of the influence a + b p; 0.25.")
@click.option("--b", type=float, help="Slope, or steepness of a logistic influence; 0.4.")
@click.option("--shape", type=click.Choice(["linear", "clipped", "logistic"]), help="Of the influence; linear.")
@click.option("--table", type=str, help="CSV file with the columns report,outcome, in place of a shape.")
@click.option("--unread", type=float, help="Probability when nobody reads; the outcome of the report 1/2.")
@click.option("--rule", type=str, help="brier, log, spherical, or exponential-RATE; brier.")
@click.option("--limit", type=float, help="Largest gap that passes; 0.05.")
@click.option("--questions", type=click.IntRange(1, 1_000_000), help="Random questions beside it; 1000.")
@click.option("--erased", type=float, help="Probability of erasure; 0.05.")
@click.option("--outcomes", type=click.Choice(["2", "3"]), help="3: also search rules for three outcomes; 2.")
@click.option("--seed", type=int, help="Of the random questions; 1.")
@show.handler
def command(spec: Path | None, **options: Any) -> show.Outcome:
    """Say what an oracle reports when its answer moves the outcome.

    The oracle wants nothing but its score. Compares every mitigation by the gap that stays and the forecast value that
    is lost. Exits 1 when the gap without mitigation is over the limit.
    """
    start = read_forecast(spec) if spec else PerformativeSpec()
    given = {name: value for name, value in options.items() if value is not None}
    if "outcomes" in given:
        given["outcomes"] = int(given["outcomes"])
    report = forecast(PerformativeSpec.from_data({**start.model_dump(), **given}))
    answer = report.answer
    return show.Outcome(
        verdict=f"Paid by {answer.rule}, the oracle reports {answer.report:.4f} and {answer.outcome:.4f} comes true: "
        f"gap {answer.gap:.4f}, limit {report.spec.limit:g}.",
        data=report,
        state="passed" if report.holds else "failed",
        body=_body(report),
        next_command="drillyard contain channel",
    )


def _body(report: ForecastReport) -> list[RenderableType]:
    answer, many = report.answer, report.portfolio
    points = ", ".join(f"{point:.4f}" for point in answer.fixed_points) or "none"
    words = [f"fixed points: {points}"]
    if answer.regret is not None:
        words.append(f"an honest oracle would lose {answer.regret:.4f} of score")
    if answer.bound is not None:
        words.append(f"bound on the gap of reports inside 0 … 1: {answer.bound:.4f}")
    words.append(f"erasure: {report.episodes_for_1000:,} episodes for 1,000 scored ones")
    body: list[RenderableType] = [
        *words,
        _mitigations("Mitigations on this question", report.question),
        f"\n{many.questions:,} random questions: mean gap {show.estimate(many.gap)}, 95% below {many.gap_95:.3f}",
        _mitigations("Mitigations on the random questions", report.many),
    ]
    if report.leaks:
        rows = [(f"{leak.leaked:g}", f"{leak.report:.4f}", f"{leak.bias:+.4f}") for leak in report.leaks]
        body.append(show.table("Erasure that leaks", ("share leaked", "report", "bias"), rows))
    if three := report.three_outcomes:
        body.append(
            f"\nthree outcomes: best of {three.rules} rules leaves a mean gap of {three.gap:.4f} (quadratic rule "
            f"{three.brier_gap:.4f}); two outcomes: {three.binary_gap:.4f}"
        )
    return [*body, f"\n{report.does_not_show}"]


def _mitigations(title: str, comparison: MitigationTable) -> RenderableType:
    rows = [
        (row.name, *(f"{x:.4f}" for x in (row.gap, row.incentive, row.score_loss, row.resolution_lost)), row.note)
        for row in comparison.rows
    ]
    columns = ("mitigation", "gap", "incentive", "score loss", "resolution lost", "note")
    kept = rows if comparison.questions > 1 else [(*row[:4], row[5]) for row in rows]
    return show.table(title, columns if comparison.questions > 1 else (*columns[:4], columns[5]), kept)
