"""Measure an audit's findings again on fresh prompts: after a fix, or simply once more."""

from __future__ import annotations

from drillyard.audits.audit import AuditReport, recheck
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.world import World
from drillyard.records import Estimate, Record
from drillyard.records.progress import Progress, silent
from drillyard.targets import Target

__all__ = ["Recheck", "recheck_all"]


class Recheck(Record):
    """The rate of every finding of a report, measured again: on which target, with which seed."""

    target: str
    seed: int
    rates: dict[str, Estimate]


def recheck_all(
    target: Target,
    report: AuditReport,
    *,
    world: World,
    n: int = 100,
    seed: int = 2,
    judge: MeasuredJudge | None = None,
    progress: Progress = silent,
) -> Recheck:
    """Ask `n` fresh prompts per finding, in held-out words; the judge's error is in every interval.

    The seed must be another than the audit's, or its own prompts come back. `progress` is called after each finding.
    """
    rates: dict[str, Estimate] = {}
    for number, finding in enumerate(report.findings):
        rates[finding.mode.id] = recheck(target, finding, world=world, n=n, seed=seed * 1009 + number, judge=judge)
        progress(finding.mode.id, number + 1, len(report.findings))
    return Recheck(target=target.reference, seed=seed, rates=rates)
