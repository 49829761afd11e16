"""`drillyard incident reward CASE`: what the proxies in the logs pay for the behaviour."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.incidents.served import case_argument, opened
from drillyard.cli.options import FILE
from drillyard.errors import BadInput
from drillyard.incidents.case import open_case
from drillyard.incidents.replay.judging import open_replay_judge
from drillyard.incidents.reward.prices import CohortPrice
from drillyard.incidents.reward.reward import REWARD, RewardReport, Sampling, analyse_reward
from drillyard.incidents.seal import finish

__all__ = ["command", "tables"]


@click.command()
@case_argument
@click.option("--target", default="", help="The live model: best-of-n by the proxy is drawn from it.")
@click.option(
    "--judge", default="", show_default="exact in a world, else labels", help="Who says what is bad in a reply."
)
@click.option(
    "--reward-model", type=FILE, help="A reward of yours (drillyard oversee values), to score edited replies."
)
@click.option("--samples", type=click.IntRange(2, 256), default=16, show_default=True, help="Replies per prompt.")
@click.option("--prompts", type=click.IntRange(5, 1000), default=30, show_default=True, help="Prompts for best-of-n.")
@show.handler
def command(case: Path, target: str, judge: str, reward_model: Path | None, samples: int, prompts: int) -> show.Outcome:
    """Price the behaviour in engagement, thumbs and purchases, with length, topic and user held fixed.

    Exits 0 whatever is found: a price is a result, and so is none.
    """
    found = open_case(case)
    live, scope, why = opened(target) if target else (None, None, "")
    if target and live is None:
        raise BadInput(why)
    rules = open_replay_judge(found, judge, scope) if live or reward_model else None
    sampling = Sampling(target=live, judge=rules, prompts=prompts, replies=samples) if live and rules else None
    with show.progress("pricing") as step:
        report = analyse_reward(found, reward_model, rules, scope, sampling, step)
    finish(found, REWARD, report)
    return show.Outcome(
        verdict=f"{report.verdict[0].upper()}{report.verdict[1:]}.",
        data=report,
        body=tables(report),
        next_command=f"drillyard incident remedy {case} --target REFERENCE",
    )


def tables(report: RewardReport) -> list[RenderableType]:
    """Return what a report says as tables."""
    body: list[RenderableType] = []
    if report.prices:
        rows = [(one.proxy, f"{one.price.value:.3g} [{one.price.low:.3g}, {one.price.high:.3g}]", f"{one.crude:.3g}",
                 f"{one.p:.2g}", one.controls, one.verdict) for one in report.prices]  # fmt: skip
        heads = ("proxy", "price of a bad reply", "crude", "p", "held fixed", "verdict")
        body.append(show.table(f"Shadow prices, {report.rows:,} rows", heads, rows))
        cohorts = [(one.cohort, f"{one.users:.0%}", f"{one.bad:.0%}", f"{one.paid:.0%}",
                    _own(one)) for one in report.prices[0].cohorts]  # fmt: skip
        if cohorts:
            columns = ("cohort", "of users", "of bad replies", "of what is paid", "own price")
            body.append(show.table(f"By cohort, {report.prices[0].proxy}", columns, cohorts))
    body += [f"left out: {name} ({why})" for name, why in report.left_out.items()]
    if report.scored:
        body.append(
            f"{report.scored_by}, a bad reply less the same without what is bad: {show.estimate(report.scored)}"
        )
    if report.sweep:
        drawn = [(one.n, f"{one.kl:.3f}", f"{one.proxy:.3f}", f"{one.gold:.1%}") for one in report.sweep.points]
        body.append(show.table("Best of n by the proxy", ("n", "KL, nats", "proxy", "sound"), drawn))
    return [*body, *(f"limit: {one}" for one in report.limits)]


def _own(one: CohortPrice) -> str:
    return f"{one.price.value:.3g}" if one.price else "unknown"
