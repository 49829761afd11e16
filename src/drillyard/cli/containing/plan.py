"""`drillyard contain plan [SYSTEM.yaml] -o RUN`: layers under budgets, measured, as a paper for the board."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.containment.strategy.paper import STATES, write_board
from drillyard.containment.strategy.plan import Strategy, make_strategy
from drillyard.containment.strategy.system import SystemSpec, read_system

__all__ = ["command"]


@click.command()
@click.argument("system", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--draws", type=click.IntRange(100, 5_000_000), default=20_000, show_default=True, help="Of assumptions.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides the draws.")
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the board paper.")
@show.handler
def command(system: Path | None, draws: int, seed: int, out: Path | None) -> show.Outcome:
    """Choose layers under budgets, and put the strategy to a board.

    Finds the set of layers with the best worst case that leaves enough usefulness and takes few enough staff hours,
    measures it by all parts of containment, and states nine claims with evidence and defeaters. Exits 1 when the risk
    is over the limit or a claim fails or is undeveloped.
    """
    with show.steps("planning") as step:
        strategy = make_strategy(read_system(system) if system else SystemSpec(), draws=draws, seed=seed, told=step)
    page = write_board(strategy, out, typed()) if out else None
    return show.Outcome(
        verdict=strategy.verdict,
        state="passed" if strategy.holds else "failed",
        data=strategy,
        body=[_frontier(strategy), _claims(strategy), strategy.does_not_show],
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
    heads = ("usefulness", "hours", "worst case", "mean risk", "layers")
    return show.table(f"Best sets of layers over {strategy.spec.years} years; the first is chosen", heads, rows)


def _claims(strategy: Strategy) -> RenderableType:
    rows = [(one.id, f"{STATES[one.state]} {one.state}", one.words, one.evidence) for one in strategy.claims]
    return show.table("Claims", ("", "state", "claim", "evidence"), rows)
