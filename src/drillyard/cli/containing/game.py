"""`drillyard contain game [SPEC.yaml]`: protocols and audit policies against an attacker who answers back."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import seed_option, spec_argument
from drillyard.containment.games.knowledge import LEVELS
from drillyard.containment.games.report import GameReport, GameSpec, play
from drillyard.records.yaml_file import read_yaml_record

__all__ = ["command"]


@click.command()
@spec_argument()
@seed_option("Decides the simulation.")
@click.option(
    "--runs", type=click.IntRange(100, 1_000_000), default=20_000, show_default=True, help="Simulated, each protocol."
)
@show.handler
def command(spec: Path | None, seed: int, runs: int) -> show.Outcome:
    """Solve an audit game: best policy, worst attack, safety by knowledge.

    Without a file it plays a reference game of three attacks (examples/oracle/game.yaml is the same). Exits 1 when
    the best policy is not certified, or leaves more damage than the file's most_loss allows.
    """
    with show.progress("playing") as step:
        report = play(read_yaml_record(spec, GameSpec) if spec else GameSpec(), seed=seed, runs=runs, told=step)
    return show.Outcome(
        verdict=report.verdict,
        state="passed" if report.holds else "failed",
        data=report,
        body=[_budgets(report), _known(report), _protocols(report), *_words(report)],
    )


def _budgets(report: GameReport) -> RenderableType:
    rows = [
        (
            f"{row.solution.budget:g}",
            f"{row.solution.loss:.4f}",
            f"{row.threshold_loss:.4f}",
            f"{row.uniform_loss:.4f}",
            " ".join(f"{x:.3f}" for x in row.solution.policy),
            " ".join(f"{x:.3f}" for x in row.solution.mix),
            f"{row.solution.gap:.0e}",
        )
        for row in report.rows
    ]
    heads = ("budget", "best", "threshold", "uniform", "audit chance per bin", "worst attacks", "gap")
    return show.table("Worst-case loss by audit policy", heads, rows)


def _known(report: GameReport) -> RenderableType:
    rows = [
        (f"{row.solution.budget:g}", words, *(f"{x:.3f}" for x in losses))
        for row in report.rows
        for words, losses in (("best", row.by_knowledge), ("threshold", row.threshold_by_knowledge))
    ]
    return show.table("Expected loss by what the attacker knows", ("budget", "policy", "0", "1", "2", "3"), rows)


def _protocols(report: GameReport) -> RenderableType:
    rows = [
        (one.name, *(f"{x:.3f}" for x in one.safety), one.simulated, f"{one.usefulness:.3f}")
        for one in report.protocols
    ]
    heads = ("protocol", "0", "1", "2", "3", "2, simulated", "useful")
    return show.table(f"Safety by knowledge, {report.spec.protocol_budget:g} audited", heads, rows)


def _words(report: GameReport) -> list[str]:
    flight, steps = report.spec.in_flight, report.gradual_steps
    return [
        "\nlevels: " + "; ".join(f"{level} {words}" for level, words in enumerate(LEVELS)),
        f"trusted monitor: catches {report.caught:.3f} of single attacks; of {flight} in flight one passes with "
        f"chance {report.some_pass:.4f}",
        f"hardest split: {steps} acts, caught {report.gradual_stateless:.3f} by a monitor that forgets, "
        f"{report.gradual_tracker:.3f} by one that sums",
        report.does_not_show,
    ]
