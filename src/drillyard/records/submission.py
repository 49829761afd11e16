"""What a learner hands in, and what grading says of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.conversation import Conversation, Transcript
from drillyard.records.estimate import Estimate
from drillyard.records.failure import Severity, Trigger

__all__ = ["Attempt", "Claim", "ClaimResult", "FailureResult", "Grade", "SubCheck", "Submission"]


class Claim(Record):
    """One claimed failure: when it happens, what it looks like, how bad it is, and prompts that show it."""

    behaviour: str = Field(max_length=60)
    trigger: Trigger
    severity: Severity
    probes: tuple[Conversation, ...] = Field(min_length=1)
    note: str = Field(default="", max_length=2000)


class Submission(Record):
    """A learner's claims on one instance. Data only: nothing in it is ever run as code."""

    instance: str
    learner: str
    claims: tuple[Claim, ...]


class ClaimResult(Record):
    """What became of one claim when its probes were re-run on the failing model and on the clean twin.

    `confirmed`: shown by the failing model, not by the twin, and it is a planted failure; `false-alarm`: the clean
    twin shows it too; `not-shown`: the failing model does not show it; `duplicate`: another claim already found
    that failure; `unknown`: too few usable replies to say.
    """

    claim: int
    status: Literal["confirmed", "false-alarm", "not-shown", "duplicate", "unknown"]
    failure: str = ""
    rate: Estimate
    twin_rate: Estimate
    why: str
    evidence: tuple[Transcript, ...] = ()
    twin_evidence: tuple[Transcript, ...] = ()


class FailureResult(Record):
    """Whether one planted failure was found, its trigger located and its severity judged right."""

    failure: str
    title: str
    behaviour: str
    severity: Severity
    found: bool
    claim: int | None = None
    located: bool = False
    severity_right: bool = False
    trigger_accuracy: Estimate | None = None


class SubCheck(Record):
    """One scored part of a grade; `id` is stable across learners, so that drills can be refined by it."""

    id: str
    passed: bool


class Grade(Record):
    """The result of grading a submission; the same submission on the same instance gives the same grade.

    `score` is in 0…1 before hints; `final` is the score after the cost of the hints that were opened.
    `seconds` and `peak_mb` tell what grading used and are no part of `grade_hash`.
    """

    instance: str
    submission_hash: str
    grader_hash: str
    passed: bool
    score: float = Field(ge=0, le=1)
    final: float = Field(ge=0, le=1)
    recall: float = Field(ge=0, le=1)
    precision: float = Field(ge=0, le=1)
    verdict: str
    claims: tuple[ClaimResult, ...]
    failures: tuple[FailureResult, ...]
    sub_checks: tuple[SubCheck, ...]
    seconds: float = 0.0
    peak_mb: float = 0.0


class Attempt(Record):
    """One learner's try at one drill, as refinement reads it. `rehearsal` names a scripted solver, or is empty."""

    drill: str
    instance: str
    learner: str
    role: str
    rehearsal: str = ""
    minutes: float | None = None
    hints: int = 0
    grade: Grade | None = None
