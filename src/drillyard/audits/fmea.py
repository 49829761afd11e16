"""Failure mode and effects analysis from test data: severity × occurrence × measured detectability, with intervals.

Occurrence is the confirmed rate times the measured share of traffic that meets the trigger. Detection is the measured
miss rate of whoever would watch in production. Priority numbers are ordinal, so that rows are also ranked by expected
loss and by severity first, each rank with the range that the intervals allow; they are never added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drillyard.audits.fresh import draw_traffic
from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.recheck import Recheck
from drillyard.audits.report import AuditReport
from drillyard.audits.scales import DETECTION, OCCURRENCE, SEVERITY, Score, score, weight
from drillyard.errors import bad_input
from drillyard.judges.measured import miss_rate
from drillyard.judges.validity import explain_foreign, keep_if_measured
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Estimate, Finding, JudgeQuality, Record, Severity
from drillyard.stats import clopper_pearson
from drillyard.stats.propagation import product, rank_ranges

__all__ = ["Fmea", "FmeaRow", "Ranks", "Side", "analyse"]

TRAFFIC = 4000
"""Prompts drawn from the world's traffic to see how often a trigger is met; no target is asked."""


class Side(Record):
    """A row before or after mitigation.

    `rate` is per prompt that meets the trigger, `exposure` the share of traffic that does, `miss` the share of failures
    that pass unseen; `per_period` counts failures in a period, `loss` weighs those that pass unseen. `note` says where
    the rate comes from.
    """

    rate: Estimate
    exposure: Estimate
    miss: Estimate
    per_period: Estimate
    loss: Estimate
    occurrence: Score
    detection: Score
    priority: Score
    note: str = ""

    @property
    def per_use(self) -> Estimate:
        """The chance that one reply of the traffic fails in this way."""
        return product(self.rate, self.exposure)


class Ranks(Record):
    """Best possible rank, rank by value, worst possible rank; 1 is what to do first."""

    best: int
    value: int
    worst: int


class FmeaRow(Record):
    """One failure mode: a finding, or a behaviour of which none was confirmed (`found` false), with its bound."""

    id: str
    mode: str
    trigger: str
    behaviour: str
    found: bool
    severity: int
    severity_source: str
    before: Side
    after: Side | None = None
    by_priority: Ranks
    by_loss: Ranks
    by_severity: Ranks


class Fmea(Record):
    """The analysis: rows in the order of expected loss (after mitigation, where there was one)."""

    target: str
    after_target: str = ""
    uses: int
    detector: str
    after_detector: str = ""
    rows: tuple[FmeaRow, ...]


def analyse(
    report: AuditReport,
    *,
    world: Scope,
    uses: int = 10_000,
    detector: JudgeQuality | None = None,
    after: AuditReport | Recheck | None = None,
    after_detector: JudgeQuality | None = None,
    severities: Mapping[str, int] | None = None,
    mitigation_seed: int = 1,
) -> Fmea:
    """Return the analysis of an audit's report.

    Args:
        report: findings with rates on fresh prompts, and a bound per behaviour.
        world: the setting that was audited; its traffic says how often a trigger is met.
        uses: replies per period, for counts and losses.
        detector: measured quality of the guard or judge that watches in production; none means nothing is seen. One
            that was measured on another model's replies may miss anything.
        after: the findings measured again after mitigation, or a whole audit of the mitigated target.
        after_detector: the detector after mitigation; the same one unless given.
        severities: scores 1 to 10 of one's own, per behaviour; the catalogue's otherwise.
        mitigation_seed: decides the prompts drawn from the traffic.

    Raises:
        BadInput: a severity outside 1 … 10 or of a behaviour that the world does not know, or no uses.
    """
    own = dict(severities or {})
    _check(own, world, uses)
    traffic = draw_traffic(world, TRAFFIC, mitigation_seed)
    scores = {code: SEVERITY[severity] for code, severity in world.severities.items()}
    after_detector = _here(after_detector or detector, after.target, world) if after else None
    detector = _here(detector, report.target, world)
    rows: list[_Draft] = []
    places: list[Finding | str] = [*report.findings, *_unfound(report)]
    for place in places:
        behaviour = place.mode.behaviour if isinstance(place, Finding) else place
        grade = own.get(behaviour, scores.get(behaviour, SEVERITY[Severity.MEDIUM]))
        source = "elicited" if behaviour in own else "catalogue"
        sides = [_side(report, place, traffic, uses, detector, grade)]
        if after is not None:
            sides.append(_side(after, place, traffic, uses, after_detector, grade, report))
        rows.append((place, behaviour, grade, source, sides))
    return Fmea(
        target=report.target,
        after_target=after.target if after else "",
        uses=uses,
        detector=_named(detector, report.target),
        after_detector=_named(after_detector, after.target) if after else "",
        rows=_ranked(rows),
    )


_Draft = tuple[Finding | str, str, int, str, list[Side]]


def _check(own: Mapping[str, int], world: Scope, uses: int) -> None:
    if uses < 1:
        raise bad_input(f"{uses} uses", "at least 1 reply per period")
    for behaviour, points in own.items():
        if behaviour not in world.behaviours:
            raise bad_input(f"a severity of {behaviour!r}", f"one of: {', '.join(world.behaviours)}")
        if not 1 <= points <= 10:
            raise bad_input(f"a severity of {points} for {behaviour!r}", "a number from 1 to 10")


def _unfound(report: AuditReport) -> list[str]:
    found = {finding.mode.behaviour for finding in report.findings}
    return [behaviour for behaviour in report.bounds if behaviour not in found]


def _side(
    measured: AuditReport | Recheck,
    place: Finding | str,
    traffic: Sequence[Candidate],
    uses: int,
    detector: JudgeQuality | None,
    grade: int,
    before: AuditReport | None = None,
) -> Side:
    """Put one row's numbers together, from the audit itself or from what was measured after mitigation."""
    rate, per_prompt, note = _rate(measured, place, before)
    whole = Estimate(value=1.0, low=1.0, high=1.0, n=0, method="of all searched prompts")
    exposure = _exposure(place, traffic) if per_prompt and isinstance(place, Finding) else whole
    behaviour = place.mode.behaviour if isinstance(place, Finding) else place
    miss = miss_rate(detector, behaviour)
    per_use = product(rate, exposure)
    occurrence, detection = score(per_use, OCCURRENCE), score(miss, DETECTION)
    ends = {end: grade * getattr(occurrence, end) * getattr(detection, end) for end in ("value", "low", "high")}
    return Side(
        rate=rate,
        exposure=exposure,
        miss=miss,
        per_period=product(rate, exposure, scale=uses),
        loss=product(rate, exposure, miss, scale=uses * weight(grade)),
        occurrence=occurrence,
        detection=detection,
        priority=Score(**ends),
        note=note,
    )


def _rate(
    measured: AuditReport | Recheck, place: Finding | str, before: AuditReport | None
) -> tuple[Estimate, bool, str]:
    """Return a row's rate, whether it is per prompt that meets the trigger, and where it comes from."""
    if isinstance(measured, Recheck):
        if isinstance(place, Finding):
            if place.mode.id not in measured.rates:
                raise bad_input(f"no rate of {place.mode.id!r} after mitigation", "the findings of the same audit")
            return measured.rates[place.mode.id], True, "measured again on fresh prompts"
        if before is None:
            raise bad_input("a recheck without its audit", "an audit's report first")
        return before.bounds[place], False, "not measured again: the bound of the first audit"
    if isinstance(place, Finding):
        same = [finding for finding in measured.findings if finding.mode.id == place.mode.id]
        if same:
            return same[0].rate, True, "on fresh prompts"
        return measured.bounds[place.mode.behaviour], False, "not found again: share of all searched prompts"
    again = [finding.rate for finding in measured.findings if finding.mode.behaviour == place]
    if again:
        return max(again, key=lambda rate: rate.high), False, "new after mitigation: rate where it was found"
    return measured.bounds[place], False, "not found: share of all searched prompts"


def _exposure(finding: Finding, traffic: Sequence[Candidate]) -> Estimate:
    """Return the share of traffic that meets a finding's trigger, with a request of its kinds."""
    met = sum(
        finding.mode.trigger.fires(one.conversation) and (not finding.kinds or one.kind in finding.kinds)
        for one in traffic
    )
    return clopper_pearson(met, len(traffic))


def _ranked(drafts: Sequence[_Draft]) -> tuple[FmeaRow, ...]:
    """Rank rows in three ways and put them in the order of expected loss."""
    sides = [draft[4][-1] for draft in drafts]
    losses = [side.loss for side in sides]
    priorities = [_estimate(side.priority) for side in sides]
    # Severity first: a point of severity outweighs any loss, however the rest falls out.
    most = max([loss.high for loss in losses], default=0.0) + 1.0
    first = [_shifted(loss, draft[2], most) for loss, draft in zip(losses, drafts, strict=True)]
    ranks = [[Ranks(best=b, value=v, worst=w) for b, v, w in rank_ranges(by)] for by in (priorities, losses, first)]
    rows = [_row(draft, *places) for draft, places in zip(drafts, zip(*ranks, strict=True), strict=True)]
    return tuple(sorted(rows, key=lambda row: (row.by_loss.value, -(row.after or row.before).loss.high, row.id)))


def _row(draft: _Draft, by_priority: Ranks, by_loss: Ranks, by_severity: Ranks) -> FmeaRow:
    place, behaviour, grade, source, sides = draft
    found = isinstance(place, Finding)
    return FmeaRow(
        id=place.mode.id if isinstance(place, Finding) else behaviour,
        mode=place.mode.title if isinstance(place, Finding) else f"{behaviour}: none confirmed",
        trigger=place.mode.trigger.words if isinstance(place, Finding) else "any searched prompt",
        behaviour=behaviour,
        found=found,
        severity=grade,
        severity_source=source,
        before=sides[0],
        after=sides[1] if len(sides) > 1 else None,
        by_priority=by_priority,
        by_loss=by_loss,
        by_severity=by_severity,
    )


def _estimate(points: Score) -> Estimate:
    return Estimate(value=points.value, low=points.low, high=points.high, n=0, method="scores")


def _shifted(loss: Estimate, grade: int, most: float) -> Estimate:
    ends = {end: getattr(loss, end) / most + grade for end in ("value", "low", "high")}
    return loss.model_copy(update=ends)


def _here(detector: JudgeQuality | None, target: str, world: Scope) -> JudgeQuality | None:
    return keep_if_measured(detector, target, world.name) if detector else None


def _named(detector: JudgeQuality | None, target: str) -> str:
    if detector is None:
        return "none: every failure passes unseen"
    return explain_foreign(detector, target) or f"{detector.judge}, measured on {detector.measured_on}"
