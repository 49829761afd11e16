"""`drillyard incident replay CASE --target …`: which segments of the prompt cause it, certified on the live target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.incidents.served import case_argument, opened
from drillyard.cli.options import FiniteRange, seed_option
from drillyard.incidents.case import open_case
from drillyard.incidents.replay.replay import ReplayOrder, ReplayReport, replay, save_replay

__all__ = ["command", "tables"]

_STATES: dict[str, show.State] = {"confirmed": "passed", "nothing to replay": "passed", "not confirmed": "failed"}
_RESULTS: dict[str, show.State] = {"supported": "found", "against": "passed"}
_RATE = FiniteRange(0, 1, min_open=True, max_open=True)


@click.command()
@case_argument
@click.option("--target", required=True, help="The model that is to be asked again, such as organism/… or openai/…@….")
@click.option("--judge", default="", show_default="exact in a world, else labels", help="labels, exact, rules/FILE, …")
@click.option("--behaviour", default="", help="What the judge rules on; what agrees best with the labels by default.")
@click.option("--low", type=_RATE, help="Rate at which the behaviour counts as gone; by the trigger's rate.")
@click.option("--high", type=_RATE, help="Rate at which it counts as there; by the trigger's rate.")
@click.option("--error", type=_RATE, default=0.05, show_default=True, help="Most often that a certificate is wrong.")
@click.option("--inputs", type=click.IntRange(5, 10_000), default=60, show_default=True, help="Logged inputs per arm.")
@click.option("--budget", type=click.IntRange(1), default=1000, show_default=True, help="Most queries.")
@click.option("--paraphrase", default="", help="The cause in your own words; by a small table of synonyms otherwise.")
@click.option("--product", "products", multiple=True, help="A product's name, to be swapped for a placebo brand.")
@seed_option("Decides inputs and ablations.")
@spending_options
@show.handler
def command(case: Path, **options: Any) -> show.Outcome:
    """Find the minimal cause in the prompt, and test it against other explanations.

    Exits 0 when a cause is confirmed or there is nothing to replay, 1 when it is not or the model does not answer.
    """
    found, order = open_case(case), ReplayOrder(**options)
    _ = found.report
    target, scope, unserved = opened(order.target)
    with show.progress("replaying") as step:
        report = save_replay(found, replay(found, order, target, scope, unserved, step))
    reason = report.reason.removeprefix("cannot confirm: ").rstrip(".")
    return show.Outcome(
        verdict=f"{report.state[0].upper()}{report.state[1:]}: {reason}.",
        state=_STATES.get(report.state, "unknown"),
        data=report,
        body=list(tables(report)),
        next_command=f"drillyard incident reward {case}",
    )


def tables(report: ReplayReport) -> list[RenderableType]:
    """Return what a report says as tables."""
    parts: list[RenderableType] = []
    if report.segments:
        texts = [(show.state("found", "cause") if one.cause else "", one.text) for one in report.segments]
        parts.append(show.table(f"Segments of {report.template or 'the prompt'}", ("", "text"), texts))
    if report.arms:
        arms = [(arm.name, "–" if arm.skipped else arm.rate, arm.difference or "", arm.skipped or arm.words)
                for arm in report.arms]  # fmt: skip
        parts.append(show.table("The same inputs, other prompts", ("arm", "bad", "against whole", "how"), arms))
    if report.hypotheses:
        told = [(show.state(_RESULTS.get(one.result, "unknown"), one.result), one.words, one.why)
                for one in report.hypotheses]  # fmt: skip
        parts.append(show.table("Explanations", ("result", "explanation", "why"), told))
    return [*parts, *(f"note: {note}" for note in report.notes)]
