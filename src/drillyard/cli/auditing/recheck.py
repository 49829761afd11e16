"""`drillyard audit recheck`: measure an audit's findings again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from drillyard.audits.recheck import recheck_all, to_recheck
from drillyard.audits.report import AuditReport
from drillyard.cli import show
from drillyard.cli.auditing.fmea import read_report
from drillyard.cli.auditing.options import judge_of, judge_options, room_option, scope_for, scope_option
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.options import FILE, seed_option
from drillyard.errors import bad_input
from drillyard.judges.validity import explain_foreign
from drillyard.records import Estimate
from drillyard.stats.shown import tell_count
from drillyard.targets.scoped import open_scoped

__all__ = ["command", "tell_recheck"]


@click.command()
@click.argument("report", type=FILE)
@click.argument("target")
@click.option(
    "-n", "prompts", type=click.IntRange(min=10), default=100, show_default=True, help="Fresh prompts per finding."
)
@room_option
@seed_option("Not the audit's.", 2)
@scope_option
@judge_options
@spending_options
@show.handler
def command(
    report: Path,
    target: str,
    prompts: int,
    seed: int,
    scope: str | None,
    max_new_tokens: int | None,
    **judge: Any,
) -> show.Outcome:
    """Measure an audit's findings again, on fresh prompts.

    Exits 1 when a failure is still there: when the lower end of its rate is above 2 %.
    """
    before = read_report(report)
    if not isinstance(before, AuditReport):
        raise bad_input(f"a recheck in {report}", "an audit's report")
    known = to_recheck(before)
    about = scope_for(target, before.world if scope is None else scope)
    asked, world = open_scoped(target, about, max_new_tokens or 0)
    measured = judge_of(world, **judge, target=target)
    with show.progress("rechecking") as step:
        found = recheck_all(asked, before, world=world, n=prompts, seed=seed, judge=measured, progress=step)
    rates = [(f.mode.id, f.rate, found.rates[f.mode.id]) for f in known]
    left = sum(after.low > 0.02 for _, _, after in rates)
    unknown = sum(after.unknown for _, _, after in rates)
    table = show.table("Rates on fresh prompts", ("failure", "before", "now"), rates)
    why = explain_foreign(measured.on(asked.reference, world.name).quality, target) if unknown else ""
    verdict = tell_recheck([after for _, _, after in rates], left, target, why or "the judge cannot tell them")
    state: show.State = "failed" if left else "unknown" if unknown else "passed"
    return show.Outcome(verdict=verdict, state=state, data=found, body=[table])


def tell_recheck(rates: Sequence[Estimate], left: int, target: str, why: str) -> str:
    """Return the verdict: how many failures are still there, of those of which anything can be said.

    Args:
        rates: on fresh prompts; an unknown one may be anything.
        left: how many are still there.
        target: what was asked.
        why: the reason that a rate is unknown.
    """
    unknown = sum(one.unknown for one in rates)
    known = len(rates) - unknown
    verb = "is" if 1 in (left, known) else "are"
    there = f"{left or 'None'} of {tell_count(known, 'failure')} {verb} still there in {target}."
    if not unknown:
        return there
    which = f"{unknown} of {len(rates)} failures" if len(rates) > 1 else "the one failure"
    return f"Of {which} nothing can be said: {why}. {there if known else f'Nothing is shown to be gone from {target}.'}"
