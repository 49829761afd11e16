"""A report as every format sees it. What the record is called or where it is kept is known here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drillyard.audits.report import TELLING, AuditReport
from drillyard.audits.reports.fail_on import FailOn, Fields
from drillyard.audits.reports.labelled import by_labels, rests_on, tell_labels, tell_outcomes
from drillyard.audits.seeding.seeded import Seeded
from drillyard.judges.validity import explain_foreign
from drillyard.records import Conversation, Estimate, Finding, Severity, Transcript
from drillyard.records.charts import ends
from drillyard.stats.shown import tell_count

__all__ = ["Quiet", "Shown", "View", "fields_of", "view_of"]

State = Literal["passed", "failed", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A failure mode that was found.

    `rate` is on fresh prompts, `control` the twin's on the same prompts; `evidence` holds failing transcripts, at the
    least one, `reach` is the share of ordinary traffic that meets the trigger, and `reproduction` is the shortest
    conversation that still fails, where either was looked for. `fails` says whether it makes the audit fail: it meets a
    criterion, or there is none.
    """

    id: str
    title: str
    behaviour: str
    kind: str
    severity: Severity
    trigger: str
    rate: Estimate
    control: Estimate | None
    evidence: tuple[Transcript, ...]
    reproduction: Conversation | None
    fails: bool
    reach: float | None = None


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """A behaviour of which no failure was confirmed: the share of the searched prompts that showed it, as a bound.

    `telling` says whether the bound is low enough to call the behaviour not found, `there` whether it shows beyond
    doubt, as by labels, though in no corner that the search has named.
    """

    behaviour: str
    share: Estimate
    telling: bool

    @property
    def there(self) -> bool:
        """Whether it shows beyond doubt."""
        return self.share.low > TELLING

    @property
    def words(self) -> str:
        """The share of the searched prompts in words: a bound where none showed it, never zero."""
        if self.share.low == 0 and self.share.high >= 1:
            return "up to all"
        value, interval = ends(self.share)
        return (
            f"{value} ({interval}), {'in no corner of its own' if self.there else 'none confirmed'}"
            if interval
            else value
        )


@dataclass(frozen=True, kw_only=True)
class View:
    """A report, its verdict first: failure modes the most severe first, then what was not found.

    `search` is how it was searched, `fail_on` are the criteria and `seeds` the seeds' fate, in words; empty where the
    report says nothing of it. `leads` are what a judge showed that was not measured on this model, and no label has
    confirmed; `rests` says which number rests on what.
    """

    report: AuditReport
    verdict: str
    state: State
    shown: tuple[Shown, ...]
    quiet: tuple[Quiet, ...]
    search: str
    fail_on: tuple[str, ...]
    seeds: str
    leads: tuple[Shown, ...] = ()
    rests: tuple[str, ...] = ()


def view_of(report: AuditReport) -> View:
    """Return what the formats show of a report, held to the criteria that are stored in it.

    Raises:
        BadInput: a stored criterion that cannot be read, or one on a twin that was not asked.
    """
    words = report.fail_on
    criteria = [FailOn.parse(one) for one in words]
    confirmed, leads = by_labels(report)
    shown = tuple(_shown(finding, criteria) for finding in (*report.findings, *confirmed))
    bounds = report.bounds | {one.behaviour: one.rate for one in report.labels}
    found = {one.behaviour for one in shown}
    quiet = tuple(
        Quiet(behaviour=name, share=share, telling=share.high <= TELLING)
        for name, share in bounds.items()
        if name not in found
    )
    return View(
        report=report,
        verdict=_verdict(report, shown, words),
        state=_state(bounds, shown),
        shown=shown,
        quiet=quiet,
        search=f"{report.search} ({report.trial.why})" if report.trial else report.search,
        fail_on=words,
        seeds=_seeds(report.seeds),
        leads=tuple(_shown(finding, criteria) for finding in leads),
        rests=rests_on(report),
    )


def fields_of(finding: Finding) -> Fields:
    """Return the fields of a finding that criteria may name."""
    fields: dict[str, float | str | Severity | None] = {
        "severity": finding.mode.severity,
        "behaviour": finding.mode.behaviour,
        "kind": finding.mode.kind,
    }
    for name, estimate in (("rate", finding.rate), ("control_rate", finding.control_rate)):
        for end in ("value", "low", "high"):
            fields[f"{name}.{end}"] = getattr(estimate, end) if estimate else None
    return fields


def _shown(finding: Finding, criteria: list[FailOn]) -> Shown:
    mode = finding.mode
    return Shown(
        id=mode.id,
        title=mode.title,
        behaviour=mode.behaviour,
        kind=mode.kind,
        severity=mode.severity,
        trigger=mode.trigger.words,
        rate=finding.rate,
        control=finding.control_rate,
        evidence=finding.evidence,
        reproduction=finding.reproduction,
        reach=finding.reach,
        fails=not criteria or any(one.meets(fields_of(finding)) for one in criteria),
    )


def _state(bounds: Mapping[str, Estimate], shown: tuple[Shown, ...]) -> State:
    """Without a finding, a bound that says too little leaves open whether a criterion is met."""
    if shown:
        return "failed" if any(one.fails for one in shown) else "passed"
    if any(share.low > TELLING for share in bounds.values()):
        return "failed"
    return "passed" if max(share.high for share in bounds.values()) <= TELLING else "unknown"


def _verdict(report: AuditReport, shown: tuple[Shown, ...], fail_on: tuple[str, ...]) -> str:
    count, queries = len(shown), f"{report.queries} queries"
    if report.capped:
        queries += f" (ended by the cap of {report.cap:,} tokens)"
    if report.labels:
        return tell_labels(report, [one.trigger for one in shown], queries)
    if not (count or report.leads or report.outcomes.get("whole")) and (told := tell_outcomes(report)):
        return f"Nothing can be told of {report.target} after {queries}: of its replies {told}."
    if not count and (why := explain_foreign(report.quality, report.target)):
        said = f"{why}{_leads(report)}. Label replies to measure it."
        return f"How often {report.target} fails is unknown after {queries}: {said}"
    if not count:
        bound = f"each behaviour is in at most {report.bound:.1%} of them"
        if report.bound >= 1:
            bound = "of no reply could the judge tell whether it shows a failure, so nothing is known"
        return f"No failure confirmed with {queries}: {bound}."
    found = f"{count} {'failure' if count == 1 else 'failures'} found with {queries}"
    if not fail_on:
        return f"{found}."
    failing = sum(one.fails for one in shown)
    meets = f"{failing or 'none'} {'meets' if failing <= 1 else 'meet'}"
    return f"{found}; {meets} {' or '.join(fail_on)}."


def _leads(report: AuditReport) -> str:
    named = list(dict.fromkeys(one.mode.trigger.words for one in report.leads))
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f". {tell_count(len(named), 'lead')}: {'; '.join(named[:3])}{more}" if named else ""


def _seeds(told: Seeded | None) -> str:
    """Say what became of the seeds."""
    if told is None:
        return ""
    quiet = f"; {told.unanswered:,} got no reply: too long for the context, or refused" if told.unanswered else ""
    lost = f"; left out of the source: {len(told.left_out):,}" if told.left_out else ""
    return f"Seeds: {told.asked:,} of {told.prompts:,} were asked{quiet}{lost}."
