"""Measure an audit's findings again on fresh prompts: after a fix, or simply once more."""

from __future__ import annotations

from drillyard.audits.fresh import draw_fresh, judge_near
from drillyard.audits.hunt.rates import correct_rate
from drillyard.audits.hunt.session import Session
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.labelled import by_labels
from drillyard.errors import bad_input
from drillyard.judges.measure import judge_or_exact
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Estimate, Finding, Record
from drillyard.records.progress import Progress, silent
from drillyard.targets import Target
from drillyard.targets.scoped import scope_of

__all__ = ["Recheck", "recheck", "recheck_all", "to_recheck"]


class Recheck(Record):
    """The rate of every finding of a report, measured again: on which target, with which seed."""

    target: str
    seed: int
    rates: dict[str, Estimate]


def recheck(
    target: Target,
    finding: Finding,
    *,
    world: Scope | str | None = None,
    n: int = 100,
    seed: int = 2,
    judge: MeasuredJudge | None = None,
    progress: Progress = silent,
) -> Estimate:
    """Sample one reply to each of `n` fresh prompts that meet a finding's trigger, and return the rate.

    World, judge and `progress` are as in `audit`. The seed must be another than the audit's, or its prompts come back.
    """
    scope = scope_of(target, world)
    trigger, behaviour = finding.mode.trigger, finding.mode.behaviour
    measured = judge_or_exact(judge, scope, target.reference)
    near = judge_near(scope, measured, behaviour, trigger, seed, finding.kinds)
    session = Session(target, scope, near, n, seed, reading=False, behaviours=(behaviour,), tell=progress)
    return correct_rate(session.look(draw_fresh(scope, trigger, n, seed, finding.kinds)), behaviour, near)


def to_recheck(report: AuditReport) -> tuple[Finding, ...]:
    """Return what is measured again: findings, leads that labels have confirmed, with that rate, and other leads.

    Raises:
        BadInput: there is neither a finding nor a lead.
    """
    confirmed, leads = by_labels(report)
    if not (known := (*report.findings, *confirmed, *leads)):
        raise bad_input("a report without a finding or a lead", "one to measure again", "audit the target anew instead")
    return known


def recheck_all(
    target: Target,
    report: AuditReport,
    *,
    world: Scope | str | None = None,
    n: int = 100,
    seed: int = 2,
    judge: MeasuredJudge | None = None,
    progress: Progress = silent,
) -> Recheck:
    """Do so for all of `to_recheck`; `progress` is called with each reply and the id of its finding."""
    rates: dict[str, Estimate] = {}
    known = to_recheck(report)
    for number, finding in enumerate(known):

        def tell(
            _words: str, done: int = 0, _total: int = 0, before: int = n * number, about: str = finding.mode.id
        ) -> None:
            progress(about, before + done, n * len(known))

        rates[finding.mode.id] = recheck(
            target, finding, world=world, n=n, seed=seed * 1009 + number, judge=judge, progress=tell
        )
    return Recheck(target=target.reference, seed=seed, rates=rates)
