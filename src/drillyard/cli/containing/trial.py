"""`drillyard contain trial POLICY CASE`: what a gateway policy lets through when forecasters cheat."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import FILE
from drillyard.containment.adversaries.adversary import KNOWN
from drillyard.containment.adversaries.case import read_case
from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.adversaries.years import example_year
from drillyard.containment.gateway.policy import read_gateway_policy
from drillyard.errors import bad_input
from drillyard.records import OracleTrial

__all__ = ["command", "show_trial"]


@click.command()
@click.argument("policy", type=FILE)
@click.argument("case", required=False, type=FILE)
@click.option(
    "--adversary", multiple=True, metavar="NAME", help="Adversary to try; repeatable. The case's own by default."
)
@show.handler
def command(policy: Path, case: Path | None, adversary: tuple[str, ...]) -> show.Outcome:
    """Run a desk's year through a gateway policy, with forecasters that cheat.

    POLICY is the YAML that drillyard contain gateway serve takes, CASE a desk's year (case.json of a drill's desk);
    without it, that of an example desk on energy, health, logistics and science. Computes how much of an honest
    forecaster's value is kept, the most bits that each adversary can get out by any code, and how far it moves
    outcomes. Exits 1 when a limit of the case does not hold.
    """
    known = {one.id: one for one in KNOWN}
    if unknown := set(adversary) - set(known):
        raise bad_input(f"adversary {min(unknown)!r}", f"one of {', '.join(known)}")
    rules, year = read_gateway_policy(policy), read_case(case) if case else example_year()
    found = try_policy(rules, year, [known[name] for name in adversary])
    broken = sum(not check.passed for check in found.checks)
    return show.Outcome(
        verdict=f"{found.policy} on {found.case}: "
        + (f"{broken} of {len(found.checks)} limits broken." if broken else "all limits hold."),
        state="passed" if found.holds else "failed",
        data=found,
        body=[*show_trial(found), f"\n{found.does_not_show}"],
        next_command=f"drillyard contain gateway serve TARGET --policy {policy} …",
    )


def show_trial(found: OracleTrial) -> list[RenderableType]:
    """Return a trial as tables: the limits, who won what, what was refused."""
    checks = [(show.state("passed" if one.passed else "failed"), one.id, one.words) for one in found.checks]
    runs = [
        (one.id, one.words, f"{one.leaked_bits:.0f}", _kinds(one.by_kind), f"{one.progress:.0%}")
        for one in found.adversaries
    ]
    refused = ", ".join(f"{count} {rule}" for rule, count in found.refused.items()) or "none"
    return [
        show.table("Limits", ("", "limit", "found"), checks),
        show.table("Adversaries", ("adversary", "what it does", "bits leaked", "by kind", "moved"), runs),
        f"an honest forecaster's answers: {found.released} released; refused: {refused}",
    ]


def _kinds(bits: dict[str, float]) -> str:
    return ", ".join(f"{kind} {most:.0f}" for kind, most in bits.items())
