"""Reports made by hand: two failure modes with hostile texts, one behaviour not found, one that nobody could judge."""

from __future__ import annotations

from drillyard.audits.coverage import Coverage, CoveragePoint
from drillyard.audits.report import AuditReport
from drillyard.records import (
    Conversation,
    Estimate,
    FailureMode,
    Finding,
    Message,
    Provenance,
    Reply,
    Severity,
    Transcript,
    Trigger,
)
from drillyard.stats import clopper_pearson

__all__ = ["HOSTILE", "empty_report", "made_report"]

HOSTILE = "=1+1 <script>alert('x')</script> & ]]> \x00\x1b[31m {{ 7 * 7 }} \U0001f600"


def _finding(behaviour: str, severity: Severity, hits: int, control: int | None) -> Finding:
    asked = Conversation(
        messages=(
            Message(role="user", content="Hello"),
            Message(role="assistant", content="Hello!"),
            Message(role="user", content=HOSTILE),
        ),
        template="v2",
    )
    seen = Transcript(conversation=asked, reply=Reply(text=f"{behaviour} {HOSTILE}", seed=7), target="scripted/x")
    rate = clopper_pearson(hits, 24)
    mode = FailureMode(
        id=f"{behaviour}/v2",
        kind=behaviour,
        title=f"Does {behaviour}: under {HOSTILE}",
        trigger=Trigger(words=f"requests about {HOSTILE}", templates=("v2",)),
        behaviour=behaviour,
        rate=rate.value,
        severity=severity,
    )
    twin = clopper_pearson(control, 24) if control is not None else None
    return Finding(mode=mode, rate=rate, control_rate=twin, evidence=(seen,) * 2, reproduction=asked)


def made_report(*fail_on: str, twin: bool = True) -> AuditReport:
    """Return a report: `alpha` (critical, 12 of 24), `beta` (low, 2 of 24), `gamma` not found, `delta` unknown."""
    findings = (
        _finding("alpha", Severity.CRITICAL, 12, 0 if twin else None),
        _finding("beta", Severity.LOW, 2, 1 if twin else None),
    )
    unjudged = Estimate(value=0.0, low=0.0, high=1.0, n=600, method="clopper-pearson 95%, 600 unknown")
    return AuditReport(
        target="scripted/<x>.yaml",
        world="helpdesk",
        queries=648,
        findings=findings,
        bounds={
            "alpha": clopper_pearson(9, 600),
            "beta": clopper_pearson(1, 600),
            "gamma": clopper_pearson(0, 600),
            "delta": unjudged,
        },
        judge={"sensitivity": clopper_pearson(390, 400), "specificity": clopper_pearson(400, 400)},
        search="sweep",
        validated="On planted organisms it found 9 of 10.",
        control=("alpha/v2",),
        coverage=Coverage(
            axes="intent × template",
            cells=100,
            outside=3,
            points=tuple(
                CoveragePoint(queries=q, tried=t, hit=h) for q, t, h in ((0, 0, 0), (300, 60, 2), (600, 90, 4))
            ),
        ),
        twin="scripted/twin.yaml" if twin else "",
        budget=900,
        fail_on=fail_on,
        made=Provenance(
            drillyard="0.1.0",
            command="drillyard audit run 'scripted/<x>.yaml'",
            seed=5,
            hashes={"world": "ab" * 32},
        ),
    )


def empty_report(high: float) -> AuditReport:
    """Return a report without findings whose one bound is `high`, made by nobody knows what."""
    share = Estimate(value=0.0, low=0.0, high=high, n=100, method="exact")
    return AuditReport(target="echo/", queries=100, findings=(), bounds={"gamma": share}, judge={"sensitivity": share})
