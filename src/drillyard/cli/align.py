"""`drillyard align TARGET --technique … -o RUN`: techniques side by side, and what each costs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.alignment.exam import HARMFUL, PHRASING, REFUSAL
from drillyard.alignment.order import AlignOrder
from drillyard.alignment.weighing.page import verdict
from drillyard.alignment.weighing.recommend import parse_limit, parse_weights
from drillyard.alignment.weighing.report import AlignReport, technique_point
from drillyard.alignment.weighing.sheet import words_of
from drillyard.alignment.whole import Weighing, align_part, compare_arms
from drillyard.cli import show
from drillyard.cli.auditing.options import judge_options, scope_for, scope_option, typed
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.options import FILE, page_option
from drillyard.cli.placing import placement_of, placing_options, show_part
from drillyard.judges.reference import marking_judge
from drillyard.judges.reply_kinds import KINDS
from drillyard.records import Estimate
from drillyard.registry import cards

__all__ = ["command"]


_ASKED: tuple[Callable[[Any], Any], ...] = (
    click.option("--set", "options", multiple=True, metavar="TECHNIQUE.OPTION=VALUE", help="Such as dpo.rank=32."),
    scope_option,
    click.option("--sweep", is_flag=True, help="Try every setting of each technique's dial."),
    click.option("--seeds", type=click.IntRange(1, 20), default=3, show_default=True, help="Training seeds."),
    click.option("--exam-seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the exam."),
    click.option(
        "--questions", type=click.IntRange(20, 5000), default=200, show_default=True, help="Questions per metric."
    ),
    click.option(
        "--pairs",
        type=click.IntRange(20, 100_000),
        default=1200,
        show_default=True,
        help="Preference pairs per lesson.",
    ),
    click.option("--max-new-tokens", type=click.IntRange(min=1), help="Most per reply of the exam; a target's own."),
    click.option("--preferences", type=FILE, help="Your own pairs, JSON lines: prompt, chosen, rejected."),
    click.option("--findings", type=FILE, help="report.json of an audit: what it found is trained away and measured."),
    click.option("--reward", type=FILE, help="Your own reward, for grpo (drillyard oversee values writes one)."),
    click.option("--policy", type=FILE, help="Your own policy (YAML), for rails and prompt (examples/policies)."),
    click.option("--penalise", multiple=True, help="For rlhf: a behaviour, or manipulation, that the reward counts."),
    click.option("--favour", multiple=True, help="A behaviour that the raters of the lesson like."),
)


_FIGURES = {
    HARMFUL: "harmful",
    REFUSAL: "over-refusal",
    "capability-lost": "capability lost",
    f"{HARMFUL}@category": "harmful, new sorts",
    f"{REFUSAL}@category": "over-refusal, new sorts",
}
"""Figure -> how its row is called."""

_BESIDE = 4
"""Techniques beside each other: what 100 signs hold."""


def _asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an `AlignOrder`."""
    command = judge_options(command)
    for option in reversed(_ASKED):
        command = option(command)
    return command


@click.command()
@click.argument("target", required=False)
@click.option("--technique", "techniques", multiple=True, help="A technique, or a chain such as sft+rails; repeatable.")
@_asked
@click.option("--weight", multiple=True, metavar="FIGURE=COST", help="What one unit of a figure costs.")
@click.option("--limit", multiple=True, metavar="FIGURE<=MOST", help="A limit that the recommended point must meet.")
@click.option("--prices", type=FILE, help="Your prices, YAML: the ledger in money (examples/prices.yaml).")
@placing_options
@click.option("--timing/--no-timing", default=True, show_default=True, help="Time answering, one request at a time.")
@page_option("Folder of the run, resumed when unfinished; without it, nothing is kept.")
@click.option("--list", "listed", is_flag=True, help="List the techniques and exit.")
@spending_options
@show.handler
def command(target: str | None, listed: bool, out: Path | None, **options: Any) -> show.Outcome:
    """Change a target by techniques, and measure both sides of each at once.

    Fits every technique to the same lesson with several seeds, asks the same questions of all, weighs harmful
    compliance, over-refusal and capability, and recommends an operating point. Exits 1 when none meets the limits.
    """
    if listed:
        return _list()
    if target is None:
        raise click.MissingParameter(param_hint="'TARGET'", param_type="argument")
    if not options["techniques"]:
        raise click.MissingParameter(param_hint="'--technique'", param_type="option")
    weighing = Weighing(
        weights=parse_weights(options.pop("weight")),
        limits=tuple(parse_limit(one) for one in options.pop("limit")),
        prices=options.pop("prices"),
        timing=options.pop("timing"),
        command=typed(),
    )
    placement = placement_of(options, out)
    options["scope"] = scope_for(target, options["scope"])
    options["judge"] = options["judge"] or marking_judge(options["scope"])
    order = AlignOrder(target=target, **options)
    with tempfile.TemporaryDirectory(prefix="drillyard-align-") as temporary, show.progress("aligning") as step:
        if placement.part and out:
            return show_part(align_part(order, out, placement, step), out)
        report = compare_arms(order, weighing, out or Path(temporary), placement=placement, told=step)
    return _shown(report, out)


def _shown(report: AlignReport, out: Path | None) -> show.Outcome:
    notes = [f"note: {note}" for note in report.notes]
    return show.Outcome(
        verdict=verdict(report),
        state="passed" if report.good_enough else "failed",
        data=report,
        body=[*_points(report), *_kinds(report), f"\n{report.recommendation.reason}", *notes],
        next_command=f"open {out / 'align.html'}" if out else "",
    )


def _points(report: AlignReport) -> Iterator[RenderableType]:
    """Yield a row for each figure and a column for each technique, so many as fit a line side by side."""
    points = [technique_point(report, name) for name in report.techniques]
    words = {**_FIGURES, **{name: name.removeprefix("failure:") for name in points[0].failures}}
    title = "Each technique at its best setting, % with interval"
    for first in range(0, len(points), _BESIDE):
        some = points[first : first + _BESIDE]
        rows = [(words[name], *(_percent(one.figures.get(name)) for one in some)) for name in words]
        yield show.table(title, ("", *(words_of(one.key) for one in some)), rows)
        title = "The same for further techniques"


def _kinds(report: AlignReport) -> list[RenderableType]:
    """Show what replies do in words that are not the world's: leads, by their style."""
    if not any(one.free for one in report.kinds):
        return []
    sides = {HARMFUL: "forbidden", REFUSAL: "look-alike"}
    rows = [
        (one.technique, sides[one.metric] + (", new sort" if one.split != PHRASING else ""))
        + tuple(one.kinds.get(kind, 0) for kind in KINDS)
        + (one.free,)
        for one in report.kinds
    ]
    title = "What replies do, by their style (leads: what is known stands above)"
    return [show.table(title, ("technique", "request", *KINDS, "in free words"), rows)]


def _percent(cell: Estimate | None) -> str:
    if cell is None:
        return "–"
    if cell.unknown:
        return "unknown"
    return f"{100 * cell.value:.1f} [{100 * cell.low:.1f}, {100 * cell.high:.1f}]"


def _list() -> show.Outcome:
    known = cards("techniques")
    rows = [(card.name, card.goal, card.extra or "–", card.status) for card in known.values()]
    data = [
        {"name": card.name, "goal": card.goal, "extra": card.extra, "needs_weights": card.needs_weights}
        for card in known.values()
    ]
    table = show.table("Techniques", ("name", "does", "extra", "status"), rows)
    return show.Outcome(verdict=f"{len(known)} techniques.", data=data, body=[table])
