"""`drillyard audit recheck`: measure an audit's findings again."""

from __future__ import annotations

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
from drillyard.stats.shown import tell_count
from drillyard.targets.scoped import open_scoped

__all__ = ["command"]


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
    there = f"{left or 'None'} of {tell_count(len(rates), 'failure')} {'is' if left == 1 else 'are'}"
    verdict = f"{there} still there in {target}."
    if unknown:
        why = explain_foreign(measured.on(asked.reference, world.name).quality, target) or "the judge cannot tell them"
        verdict = f"Of {unknown} of {len(rates)} failures nothing can be said: {why}. {verdict}"
    state: show.State = "failed" if left else "unknown" if unknown else "passed"
    return show.Outcome(verdict=verdict, state=state, data=found, body=[table])
