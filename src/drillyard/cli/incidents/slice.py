"""`drillyard incident slice CASE`: what the bad replies have in common, beyond chance."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import FILE, FOLDER, seed_option
from drillyard.errors import bad_input
from drillyard.incidents.case import open_case
from drillyard.incidents.sliced import Change, SliceReport, TriggerRule
from drillyard.incidents.slicing import slice_case
from drillyard.records import BehaviourQuality, JudgeQuality
from drillyard.records.files import read_record

__all__ = ["command"]


@click.command()
@click.argument("case", type=FOLDER)
@click.option(
    "--shuffles", type=click.IntRange(min=20), default=1000, show_default=True, help="Shuffles of the labels."
)
@click.option("--labels", type=FILE, help="JudgeQuality of what labelled the rows, for the true rate.")
@click.option("--again", is_flag=True, help="Search anew even where there is a report.")
@seed_option("Of the halves and the shuffles.")
@show.handler
def command(case: Path, shuffles: int, labels: Path | None, again: bool, seed: int) -> show.Outcome:
    """Search a case for what triggers the behaviour: instructions, releases, words, times, cohorts, tools.

    What stands out on one half of the sessions is held against the best of the whole search under shuffled labels, and
    then against the other half. Exits 0 also where there is no trigger beyond chance: that is a result.
    """
    quality = _quality(labels, open_case(case).spec.behaviour) if labels else None
    with show.progress("slicing") as step:
        found = slice_case(case, shuffles=shuffles, seed=seed, labels=quality, again=again, progress=step)
    return show.Outcome(
        verdict=found.why,
        data=found,
        state="unknown" if found.verdict == "not enough evidence" else "passed",
        body=_body(found),
        next_command=f"drillyard incident replay {case} --target REFERENCE" if found.trigger else "",
    )


def _quality(path: Path, behaviour: str) -> BehaviourQuality:
    known = read_record(path, JudgeQuality).behaviours
    if behaviour not in known:
        raise bad_input(
            f"{path.name} without {behaviour!r}", f"one of: {', '.join(known)}", "open the case with --behaviour"
        )
    return known[behaviour]


def _body(found: SliceReport) -> list[RenderableType]:
    rate = f"rate of {found.behaviour}: {show.estimate(found.rate)}"
    if found.true_rate:
        rate += f"; corrected for the labels' errors: {show.estimate(found.true_rate)}"
    body: list[RenderableType] = [rate]
    if found.rules:
        columns = ("rule", "rate under it", "effect", "p", "other half", "p there", "stands")
        body.append(show.table("Rules", columns, map(_row, found.rules)))
        same = [", ".join(one.words for one in rule.stands_in) for rule in found.rules if rule.stands_in]
        body += [f"the same rows: {words}" for words in same]
        body.append(
            f"\np: best of {found.searched:,} rules over {found.selectors} selectors, {found.permutations:,} shuffles "
            "of whole sessions; there: this rule alone, Holm"
        )
    if found.words:
        body.append(f"words of bad replies: {', '.join(one.word for one in found.words if one.side == 'reply')}")
    if found.change and found.change.p <= 0.05:
        body += _changed(found.change)
    if found.confounders:
        rows = [(one.words, f"{one.effect:.3f}", one.held) for one in found.confounders]
        body.append(show.table("What goes with it", ("feature", "effect", "held fixed"), rows))
    return [*body, "", *(f"limit: {limit}" for limit in found.limits)]


def _changed(found: Change) -> list[RenderableType]:
    at = f"{datetime.fromtimestamp(found.after, UTC):%Y-%m-%d %H:%M} UTC (p = {found.p:.3f})"
    rates = f"from {found.before_rate.value:.3f} to {found.after_rate.value:.3f}"
    near = ", ".join((found.release, *found.others)) or "none"
    return [f"\nthe rate changed about {at}, {rates}", f"deployed about then: {near}"]


def _row(rule: TriggerRule) -> tuple[object, ...]:
    stands = show.state("passed", "confirmed") if rule.confirmed else show.state("unknown", "not confirmed")
    p, there = f"{rule.p_adjusted:.4f}", f"{rule.check_p:.4f}"
    return rule.words, rule.rate, f"{rule.effect.value:+.2f}", p, f"{rule.check_effect.value:+.2f}", there, stands
