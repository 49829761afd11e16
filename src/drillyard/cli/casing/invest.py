"""`drillyard case invest FOLDER`: what controls return, and the decision that follows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.assurance.board import money
from drillyard.assurance.drawn import open_case
from drillyard.assurance.value.invest import Investment, WithoutIt, invest
from drillyard.assurance.value.words import tell, tell_figure, tell_share
from drillyard.cli import show
from drillyard.cli.casing.options import day_of, draws_options, folder_argument, out_folder, today_option
from drillyard.records import Estimate
from drillyard.records.files import write_record

__all__ = ["command"]

_STATES: dict[str, show.State] = {"fund": "passed", "not enough evidence": "unknown"}


@click.command()
@folder_argument
@draws_options
@today_option
@out_folder("Folder for invest.json.")
@show.handler
def command(folder: Path, draws: int, inner: int, seed: int, today: date | None, out: Path | None) -> show.Outcome:
    """Say what controls return, what it rests on, and whether to fund them.

    The decision counts no premium and no new market. Exits 1 unless it is to fund.
    """
    found = invest(open_case(folder, day_of(today), draws=draws, seed=seed))
    if out:
        write_record(out / "invest.json", found)
    return show.Outcome(
        verdict=found.verdict,
        state=_STATES.get(found.decision, "failed"),
        data=found,
        body=[_sets(found), _taxes(found), _weights(found), _without(found), _more(found)],
        next_command=f"drillyard case board {folder} -o board/",
    )


def _told(one: Estimate | None, currency: str) -> str:
    if one is None:
        return "not priced"
    return f"{money(one.value, currency)} [{tell(one.low)}, {tell(one.high)}]"


def _sets(found: Investment) -> RenderableType:
    rows = [
        (
            " + ".join(one.controls) or "nothing",
            money(one.cash, found.currency),
            _told(one.avoided, found.currency),
            _told(one.npv, found.currency),
            tell_share(one.chance) if one.controls else "–",
            "–" if one.rosi is None else f"{one.rosi:.0%}",
        )
        for one in found.frontier
    ]
    heads = ("controls", "cash", "avoided a year", "NPV", "P(NPV > 0)", "ROSI")
    return show.table("Sets that nothing beats, cheapest first", heads, rows)


def _taxes(found: Investment) -> RenderableType:
    rows = [
        (
            row.control,
            row.tax,
            row.item,
            f"{tell_figure(row.change.value)} {row.unit}",
            _told(row.yearly or row.once, found.currency),
        )
        for row in found.taxes
        if row.once or row.yearly
    ]
    return show.table(
        "Tax ledger; minus is a gain", ("control", "tax", "item", "change", "money, once or a year"), rows
    )


def _weights(found: Investment) -> RenderableType:
    rows = [
        (one.name, one.kind, *(money(x, found.currency) for x in (one.low, one.high, one.worth)), f"{one.share:.0%}")
        for one in found.weights[:10]
    ]
    shares = ", ".join(f"{kind} {share:.0%}" for kind, share in found.shares.items())
    heads = ("input", "kind", "NPV at 5 %", "at 95 %", "worth knowing", "of the spread")
    return show.table(f"What moves it ({shares})", heads, rows)


def _without(found: Investment) -> RenderableType:
    rows = [(one.name, one.by, money(one.npv, found.currency), _then(one)) for one in found.without]
    return show.table("Without each assumption", ("assumption", "by", "NPV", "decision"), rows)


def _then(one: WithoutIt) -> str:
    other = one.turns and one.decision == "fund"
    return f"fund {' + '.join(one.controls)} instead" if other else one.decision


def _more(found: Investment) -> RenderableType:
    rows = [
        (f"{one.queries:,}", *(money(x, found.currency) for x in (one.worth, one.cost, one.net)))
        for one in found.samples
    ]
    words = f"More evidence; to know everything is worth {money(found.evpi, found.currency)}. {found.rosi_flaw}"
    return show.table(words, ("queries", "worth", "cost with the wait", "net"), rows)
