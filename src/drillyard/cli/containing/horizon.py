"""`drillyard contain horizon [SPEC.yaml]`: risk over many years, and which assumption breaks the case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.cli.options import FiniteRange, page_option, seed_option, spec_argument
from drillyard.cli.placing import placement_of, placing_options, show_part
from drillyard.containment.horizon.page import MARKS, write_horizon
from drillyard.containment.horizon.report import HorizonReport, HorizonSpec, draws_of, judge_horizon, read_horizon
from drillyard.containment.horizon.risk import Drawn
from drillyard.containment.horizon.spread import draw_apart
from drillyard.errors import bad_input

__all__ = ["command"]


@click.command()
@spec_argument()
@click.option("--years", type=click.IntRange(1, 1000), help="Years, instead of the file's.")
@click.option("--limit", type=FiniteRange(0, 1, min_open=True), help="Largest risk accepted over the horizon.")
@click.option(
    "--draws", type=click.IntRange(100, 5_000_000), default=20_000, show_default=True, help="Draws of the assumptions."
)
@seed_option("Decides the draws.")
@page_option()
@placing_options
@show.handler
def command(
    spec: Path | None,
    years: int | None,
    limit: float | None,
    draws: int,
    seed: int,
    out: Path | None,
    **where: Any,
) -> show.Outcome:
    """Add up risk over years, and find the assumption that breaks the case.

    Without a file it uses our thirteen layers and seventeen assumptions. Exits 1 when the mean risk is over the limit.
    Many draws over many years are spread with --workers, --on or --part; the figures are the same bytes.
    """
    asked = {name: value for name, value in (("years", years), ("limit", limit)) if value is not None}
    wanted = (read_horizon(spec) if spec else HorizonSpec()).model_copy(update=asked)
    with show.progress("computing") as step:
        drawn: list[Drawn] = []
        if any(where.values()):
            if out is None:
                raise bad_input("draws that are spread, without -o", "-o DIR, the folder that they are kept in")
            placement = placement_of(where, out)
            drawn = draw_apart(draws_of(wanted, draws, seed), out, placement, step)
            if placement.part:
                return show_part(placement.report(out), out)
        report = judge_horizon(wanted, draws=draws, seed=seed, drawn=drawn, told=step)
    page = write_horizon(report, out, typed()) if out else None
    return show.Outcome(
        verdict=report.verdict,
        state="passed" if report.holds else "failed",
        data=report,
        body=[_risk(report), _assumptions(report), _stress(report), *_words(report)],
        next_command=f"open {page}" if page else "",
    )


def _risk(report: HorizonReport) -> RenderableType:
    rows = [
        (
            one.year,
            f"{one.risk.value:.4f} [{one.risk.low:.4f}, {one.risk.high:.4f}]",
            f"{one.without_flaw:.4f}",
            f"{one.at_mean_hazard:.4f}",
        )
        for one in report.risk.at
    ]
    heads = ("years", "risk [5 %, 95 % of draws]", "without flaw", "at the mean hazard")
    return show.table("Cumulative risk", heads, rows)


def _assumptions(report: HorizonReport) -> RenderableType:
    rows = [
        (
            f"{row.id} {row.name}",
            f"{row.first:.3f}",
            f"{row.total:.3f}",
            f"{row.at_easy:.4f}",
            f"{row.at_hard:.4f}",
            "over the limit" if row.breaks else "",
        )
        for row in report.sensitivity.assumptions
    ]
    heads = ("assumption", "first order", "total", "easy end", "hard end", "alone")
    return show.table("Sobol indices, and the central risk at one assumption's ends", heads, rows)


def _stress(report: HorizonReport) -> RenderableType:
    rows = [(row.layer, *(MARKS[state] for state in row.states)) for row in report.stress.rows]
    title = f"Stress after {report.stress.years} years: one assumption in full, no other"
    return show.table(title, ("layer", *report.stress.assumptions), rows)


def _words(report: HorizonReport) -> list[str]:
    best, tree, found = report.sensitivity.layers, report.tree, report.risk
    ranked = ", ".join(f"{row.layer} {row.birnbaum:.2g}" for row in best[:3]) or "no layers"
    return [
        "\n" + ", ".join(f"{mark} {state}" for state, mark in MARKS.items()),
        f"central case {found.central:.3g}, worst corner {found.worst:.3g}, floor of the argument {found.floor:.3g}",
        f"hazard of the last year {found.hazard[-1]:.2g}; given that nothing happened before {found.surviving[-1]:.2g}",
        f"alone over the limit: {', '.join(report.sensitivity.breaking) or 'none'}; layers by Birnbaum: {ranked}",
        f"fault tree, one year: {tree.chance:.3g} at the medians, mean {tree.sampled.value:.3g} "
        f"[{tree.low:.2g}, {tree.high:.2g}], {len(tree.cut_sets)} cut sets, "
        f"first {' and '.join(tree.cut_sets[0]) if tree.cut_sets else 'none'}",
        report.ranges,
        f"{report.does_not_show} {report.ceiling.does_not_show}",
    ]
