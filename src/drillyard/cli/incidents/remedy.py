"""`drillyard incident remedy CASE --target …`: three layers, each measured before and after, and all together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.incidents.served import case_argument, opened
from drillyard.cli.options import FiniteRange, seed_option
from drillyard.errors import BadInput, bad_input
from drillyard.incidents.case import open_case
from drillyard.incidents.remedy.remedy import REMEDY, RemedyOrder, RemedyReport, apply_remedies
from drillyard.incidents.replay.judging import open_replay_judge
from drillyard.incidents.replay.replay import REPLAY, ReplayReport
from drillyard.incidents.reward.reward import REWARD, RewardReport
from drillyard.incidents.running import penalty_of
from drillyard.incidents.seal import finish

__all__ = ["command", "tables"]


@click.command()
@case_argument
@click.option("--target", required=True, help="The model that is to be made safer.")
@click.option("--judge", default="", show_default="exact in a world, else labels", help="Who says what is bad.")
@click.option("--technique", default="rlhf", show_default=True, help="Layer 2: a technique of drillyard align.")
@click.option("--critic", default="", show_default="clerk in a world", help="Layer 3: who reads drafts; a target.")
@click.option(
    "--alpha", type=FiniteRange(0.001, 0.5), default=0.01, show_default=True, help="Layer 1: sound ones stopped."
)
@click.option("--inputs", type=click.IntRange(10, 5000), default=60, show_default=True, help="Held-out inputs.")
@seed_option("Decides halves and inputs.")
@spending_options
@show.handler
def command(case: Path, target: str, judge: str, seed: int, **options: Any) -> show.Outcome:
    """Train a guard, revise the reward, configure an overseer; measure each on inputs that none has seen.

    Exits 0 when all layers together are better than none beyond doubt, 1 when they are not.
    """
    found = open_case(case)
    if found.report.trigger is None:
        raise bad_input(f"a case whose slice found {found.report.verdict}", "a trigger to remedy")
    replayed = found.read(REPLAY, ReplayReport, f"type: drillyard incident replay {case} --target {target}")
    reward = found.found(REWARD, RewardReport)
    live, scope, why = opened(target)
    if live is None:
        raise BadInput(why)
    rules = open_replay_judge(found, judge, scope, seed=seed)
    order = RemedyOrder(penalty=penalty_of(reward), seed=seed, **options)
    with show.progress("remedies") as step:
        report = apply_remedies(found, live, scope, rules, replayed, order, reward.kl_budget if reward else None, step)
    finish(found, REMEDY, report)
    whole = report.layer("all together").measured[0]
    return show.Outcome(
        verdict=f"{report.verdict[0].upper()}{report.verdict[1:]}.",
        state="passed" if whole.difference.high < 0 else "failed",
        data=report,
        body=tables(report),
        next_command=f"drillyard incident report {case}",
    )


def tables(report: RemedyReport) -> list[RenderableType]:
    """Return what a report says as a table."""
    rows = [(one.layer, row.on, f"{row.before.value:.1%}", row.after, f"{row.p:.2g}")
            for one in report.remedies for row in one.measured]  # fmt: skip
    body: list[RenderableType] = [show.table("Bad replies", ("layer", "measured on", "before", "after", "p"), rows)]
    body += [f"{one.layer}: {one.done}" for one in report.remedies]
    body += [f"{one.layer}: sound replies stopped {show.estimate(one.sound_stopped)}"
             for one in report.remedies if one.sound_stopped]  # fmt: skip
    return body
