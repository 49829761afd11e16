"""`drillyard contain plan [SYSTEM.yaml] -o RUN`: layers under budgets, measured, as a paper for the board."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.options import made_by, typed
from drillyard.cli.options import page_option, seed_option, spec_argument
from drillyard.containment.strategy.overseers import with_overseer
from drillyard.containment.strategy.paper import MARKS, write_board
from drillyard.containment.strategy.plan import Strategy, make_strategy
from drillyard.containment.strategy.search import DRAWS
from drillyard.containment.strategy.system import SystemSpec, read_system
from drillyard.containment.strategy.words import ends_at, percent

__all__ = ["command"]


@click.command()
@spec_argument("system")
@click.option(
    "--draws", type=click.IntRange(100, 5_000_000), default=20_000, show_default=True, help="Draws of the assumptions."
)
@click.option(
    "--overseer", type=click.Path(dir_okay=False, path_type=Path), help="overseer-quality.json: a measured layer."
)
@seed_option("Decides the draws.")
@page_option("Folder for the board paper.")
@show.handler
def command(system: Path | None, draws: int, overseer: Path | None, seed: int, out: Path | None) -> show.Outcome:
    """Choose layers within budgets, and write the paper for a board.

    Finds the set of layers with the best worst case that leaves enough usefulness and stays within the staff hours,
    measures it, says what the case rests on by taking each claim of the file away, and states nine claims with
    evidence and defeaters. Exits 1 when a claim fails in the model or is not shown.
    """
    spec = read_system(system) if system else SystemSpec()
    if overseer:
        spec = with_overseer(spec, overseer)
    with show.progress("planning") as step:
        strategy = make_strategy(spec, draws=draws, seed=seed, told=step)
    strategy = strategy.model_copy(update={"made": made_by(seed)})
    page = write_board(strategy, out, typed()) if out else None
    return show.Outcome(
        verdict=strategy.verdict,
        state="passed" if strategy.holds else "failed",
        data=strategy,
        body=[_frontier(strategy), _grounds(strategy), _claims(strategy), strategy.does_not_show],
        next_command=f"open {page}" if page else "",
    )


def _frontier(strategy: Strategy) -> RenderableType:
    found = strategy.search
    rows = [
        (
            f"{one.usefulness:.0%}",
            f"{one.hours:g}",
            f"{one.worst:.1%} ({one.worst_assumption})",
            f"{one.mean:.1%}",
            ", ".join(one.layers) or "none",
        )
        for one in (*found.frontier, found.bare)
    ]
    heads = ("usefulness", "hours", "worst case", f"mean of {DRAWS:,} draws", "layers")
    return show.table(f"Best sets of layers over {strategy.spec.years} years; the first is chosen", heads, rows)


def _grounds(strategy: Strategy) -> RenderableType:
    rows = [
        (one.words, one.by, percent(one.without.risk), percent(one.without.over), ends_at(one.without.skill))
        for one in strategy.grounds
    ]
    heads = ("believed", "by", "risk without it", "over the limit", "ends at")
    return show.table("What this rests on, and the case without it", heads, rows)


def _claims(strategy: Strategy) -> RenderableType:
    rows = [(one.id, f"{MARKS[one.state]} {one.state}", one.words, one.evidence) for one in strategy.claims]
    return show.table("Claims", ("", "state", "claim", "evidence"), rows)
