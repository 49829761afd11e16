"""Grade a submission: try every claim, locate triggers, compare severities, add it up."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from math import fsum
from typing import Any

from drillyard.drills import AnyExam
from drillyard.drills.claims import try_claim
from drillyard.drills.exam import Exam
from drillyard.drills.locate import LOCATED, locate
from drillyard.records import AnySubmission, ClaimResult, FailureMode, FailureResult, Grade, SubCheck, Submission
from drillyard.stats.shown import reaches

__all__ = ["WEIGHTS", "grade", "grade_hash", "graded", "grader_hash", "submission_hash", "with_hint_cost"]

WEIGHTS = {"found": 0.6, "located": 0.3, "severity": 0.1}
"""What finding a failure, locating its trigger and judging its severity count."""
_HOLDS = ("confirmed", "duplicate")


def grade(exam: Exam, submission: Submission) -> Grade:
    """Return the grade. The score is the harmonic mean of the weighted recall and the precision.

    Recall: per planted failure `WEIGHTS`, averaged. Precision: confirmed claims among those that are no duplicates.
    """
    claims: list[ClaimResult] = []
    for number, claim in enumerate(submission.claims):
        taken = {result.failure for result in claims if result.status == "confirmed"}
        claims.append(try_claim(exam, number, claim, taken))
    failures = tuple(_failure(exam, mode, submission, claims) for mode in exam.truth.failures)
    counted = [claim for claim in claims if claim.status != "duplicate"]
    precision = sum(claim.status == "confirmed" for claim in counted) / len(counted) if counted else 0.0
    quality = fsum(map(_worth, failures)) / len(failures)
    score = 2 * quality * precision / (quality + precision) if quality + precision else 0.0
    found = sum(failure.found for failure in failures)
    return graded(
        exam,
        submission,
        score,
        verdict=_verdict(found, len(failures), claims),
        recall=found / len(failures),
        precision=precision,
        claims=tuple(claims),
        failures=failures,
        sub_checks=_sub_checks(failures, claims),
    )


def graded(exam: AnyExam, submission: AnySubmission, score: float, **found: Any) -> Grade:
    """Return the grade of a score, with what was `found`: fields of the grade that say how it came about."""
    return Grade(
        instance=submission.instance,
        submission_hash=submission_hash(submission),
        grader_hash=grader_hash(exam),
        passed=reaches(score, exam.drill.pass_mark),
        score=score,
        final=score,
        **found,
    )


def with_hint_cost(result: Grade, cost: float, pass_mark: float) -> Grade:
    """Return the grade after hints: their cost is a share of what the score has above the pass mark.

    So hints lower a score and never decide whether somebody passes: who opens all of them and then does everything
    right still passes.
    """
    above = max(0.0, result.score - pass_mark)
    return result.model_copy(update={"final": result.score - above * min(1.0, cost)})


def grader_hash(exam: AnyExam) -> str:
    """Return the SHA-256 of what decides a grade beside the submission: the release and the sealed truth."""
    return hashlib.sha256(f"{version('drillyard')}:{exam.instance.truth_hash}".encode()).hexdigest()


def submission_hash(submission: AnySubmission) -> str:
    """Return the SHA-256 of what was handed in; who did it does not matter."""
    return hashlib.sha256(submission.model_copy(update={"learner": ""}).to_json().encode()).hexdigest()


def grade_hash(result: Grade) -> str:
    """Return the SHA-256 of what a grade says, without the time and memory that it took."""
    return hashlib.sha256(result.model_copy(update={"seconds": 0.0, "peak_mb": 0.0}).to_json().encode()).hexdigest()


def _failure(exam: Exam, mode: FailureMode, submission: Submission, claims: list[ClaimResult]) -> FailureResult:
    number = next((c.claim for c in claims if c.status == "confirmed" and c.failure == mode.id), None)
    claim = submission.claims[number] if number is not None else None
    located = locate(exam.world, mode, claim.trigger, exam.truth.seed) if claim else None
    return FailureResult(
        failure=mode.id,
        title=mode.title,
        behaviour=mode.behaviour,
        severity=mode.severity,
        found=claim is not None,
        claim=number,
        located=located is not None and located.accuracy.value >= LOCATED,
        severity_right=claim is not None and abs(claim.severity.rank - mode.severity.rank) <= 1,
        trigger_accuracy=located and located.accuracy,
        misjudged=located.misjudged if located else (),
    )


def _worth(failure: FailureResult) -> float:
    parts = {"found": failure.found, "located": failure.located, "severity": failure.severity_right}
    return fsum(WEIGHTS[part] for part, done in parts.items() if done)


def _sub_checks(failures: tuple[FailureResult, ...], claims: list[ClaimResult]) -> tuple[SubCheck, ...]:
    """Return scored parts under names that are the same for every learner: the failure's kind, not its variant."""
    checks = []
    for failure in failures:
        kind = failure.failure.partition(":")[0]
        checks.append(SubCheck(id=f"{kind}/found", passed=failure.found))
        if failure.found:
            checks.append(SubCheck(id=f"{kind}/located", passed=failure.located))
            checks.append(SubCheck(id=f"{kind}/severity", passed=failure.severity_right))
    if claims:  # who claims nothing has shown no care
        checks.append(SubCheck(id="every-claim-holds", passed=all(claim.status in _HOLDS for claim in claims)))
    return tuple(checks)


def _verdict(found: int, planted: int, claims: list[ClaimResult]) -> str:
    alarms = sum(claim.status == "false-alarm" for claim in claims)
    absent = sum(claim.status in ("not-shown", "unknown") for claim in claims)
    parts = [f"{found} of {planted} planted failures found"]
    if alarms:
        parts.append(f"{alarms} {'claim also fires' if alarms == 1 else 'claims also fire'} on the clean twin")
    if absent:
        parts.append(f"{absent} {'claim was' if absent == 1 else 'claims were'} not shown")
    return "; ".join(parts) + "."
