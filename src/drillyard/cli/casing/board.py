"""`drillyard case board FOLDER -o OUT`: the paper that a board decides on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import ARGUMENT, read_argument
from drillyard.assurance.board import BoardPaper, make_paper, money, write_paper
from drillyard.assurance.drawn import open_case
from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.cli.casing.options import day_of, draws_options, folder_argument, today_option

__all__ = ["command"]


@click.command()
@folder_argument
@draws_options
@today_option
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into."
)
@show.handler
def command(folder: Path, draws: int, inner: int, seed: int, today: date | None, out: Path) -> show.Outcome:
    """Write the paper that a board decides on.

    Writes board.html, which prints on at most four pages, and board.json with every number and its birth certificate.
    Exits 1 unless the decision is to fund.
    """
    day = day_of(today)
    with show.progress("board paper:") as step:
        case = open_case(folder, day, draws=draws, seed=seed)
        argument = read_argument(folder) if (folder / ARGUMENT).is_file() else None
        checked = check_case_argument(argument, folder, day) if argument else None
        paper = make_paper(case, checked, today=day, inner=inner, told=step)
    page = write_paper(paper, out, argument, typed())
    decision = paper.investment.decision
    return show.Outcome(
        verdict=paper.investment.verdict,
        state="passed" if decision == "fund" else "unknown" if decision == "not enough evidence" else "failed",
        data=paper,
        body=[paper.question, _options(paper)],
        next_command=f"open {page}",
    )


def _options(paper: BoardPaper) -> RenderableType:
    currency = paper.spec.currency
    rows = [
        (
            f"{'● ' if one.chosen else ''}{one.name}",
            one.asks,
            "–" if one.yearly_loss is None else money(one.yearly_loss.value, currency),
            "–" if one.over is None else f"{one.over.value:.1%}",
            "–" if one.npv is None else money(one.npv.value, currency),
        )
        for one in paper.options
    ]
    return show.table("Options", ("option", "asks for", "loss a year", "over the appetite", "worth"), rows)
