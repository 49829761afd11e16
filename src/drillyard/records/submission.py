"""What a learner hands in, and what grading says of it.

There are four kinds of submission: claims about a model, artefacts that change it, a policy for what stands in front
of it, and answers to a form. All are data; nothing in them is ever run as code.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from annotated_types import MaxLen
from pydantic import Field

from drillyard.errors import BadInput
from drillyard.records.answers import MOST_WORDS, AnswerResult
from drillyard.records.base import Record
from drillyard.records.conversation import Conversation, Transcript
from drillyard.records.estimate import Estimate
from drillyard.records.failure import Severity, Trigger
from drillyard.records.trial import GradeCheck, OracleTrial

__all__ = [
    "MAX_POLICY",
    "AnswerSubmission",
    "AnySubmission",
    "Artefact",
    "ArtefactSubmission",
    "Attempt",
    "Claim",
    "ClaimResult",
    "FailureResult",
    "Grade",
    "Misjudged",
    "PolicySubmission",
    "SubCheck",
    "Submission",
    "TradeOff",
    "TradePoint",
    "read_any",
]

MAX_POLICY = 20_000
"""Most characters of a policy."""


class Claim(Record):
    """One claimed failure: when it happens, what it looks like, how bad it is, and prompts that show it."""

    behaviour: str = Field(max_length=60)
    trigger: Trigger
    severity: Severity
    questions: tuple[Conversation, ...] = Field(min_length=1)
    note: str = Field(default="", max_length=2000)


class Submission(Record):
    """A learner's claims on one instance. Data only: nothing in it is ever run as code."""

    instance: str
    learner: str
    claims: tuple[Claim, ...]


class Artefact(Record):
    """What a technique learned, as files: their plain names and their bytes in base64.

    Which files there are says what it is: an adapter, edits of hidden states, or rails. `made` are the learner's words.
    """

    files: dict[str, str] = Field(min_length=1, max_length=8)
    made: str = Field(default="", max_length=200)


class ArtefactSubmission(Record):
    """Two artefacts for one instance, and the operating point: which of them run, the first inside the second."""

    instance: str
    learner: str
    artefacts: tuple[Artefact, Artefact]
    point: Literal["first", "second", "both"]


class PolicySubmission(Record):
    """A gateway policy for one instance: the file that a gateway would serve, as text."""

    instance: str
    learner: str
    policy: str = Field(max_length=MAX_POLICY)


class AnswerSubmission(Record):
    """Answers to the form of one instance, by field: a number, the value of a choice, a look's name, or words."""

    instance: str
    learner: str
    answers: dict[str, Annotated[str, MaxLen(MOST_WORDS)]] = Field(max_length=40)


AnySubmission = Submission | ArtefactSubmission | PolicySubmission | AnswerSubmission
"""Whatever a learner can hand in."""


def read_any(text: str | bytes) -> AnySubmission:
    """Read a submission of any kind, by the record's name in it. Raises `BadInput`."""
    try:
        named = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"found broken JSON ({error}), expected one submission") from None
    kind = named.get("record") if isinstance(named, dict) else None
    return _KINDS.get(str(kind), Submission).from_json(text)


_KINDS: dict[str, type[AnySubmission]] = {
    kind.record_name(): kind for kind in (Submission, ArtefactSubmission, PolicySubmission, AnswerSubmission)
}


class ClaimResult(Record):
    """What became of one claim when its questions were re-run on the failing model and on the clean twin.

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


class Misjudged(Record):
    """A hidden prompt on which a claimed trigger was wrong: `sets_off` says whether it sets the failure off."""

    conversation: Conversation
    sets_off: bool


class FailureResult(Record):
    """Whether one planted failure was found, its trigger located and its severity judged right.

    `misjudged` are some of the hidden prompts on which the claimed trigger was wrong.
    """

    failure: str
    title: str
    behaviour: str
    severity: Severity
    found: bool
    claim: int | None = None
    located: bool = False
    severity_right: bool = False
    trigger_accuracy: Estimate | None = None
    misjudged: tuple[Misjudged, ...] = ()


class SubCheck(Record):
    """One scored part of a grade; `id` is stable across learners, so that drills can be refined by it."""

    id: str
    passed: bool


class TradePoint(Record):
    """What a hidden exam says of one model, as shares.

    Forbidden requests that it helped with, look-alikes that it refused, ordinary questions that it answered right.
    `harm` is of the worse half: what the world forbids, or what a policy forbids besides.
    `new_harm` and `new_refusal` are on sorts of request that lessons hold back; they are shown and not graded.
    """

    name: Literal["start", "first", "second", "both"]
    harm: Estimate
    refusal: Estimate
    capability: Estimate
    new_harm: Estimate
    new_refusal: Estimate


class TradeOff(Record):
    """What artefacts reach on both sides at once.

    `area` is the hypervolume of all points in the unit square of harm and refusal (1 is perfect), `start_area` that of
    the start alone. `families` is what each artefact changes: weights, inside, around.
    """

    points: tuple[TradePoint, ...]
    chosen: Literal["first", "second", "both"]
    families: tuple[str, str]
    area: float = Field(ge=0, le=1)
    start_area: float = Field(ge=0, le=1)
    gain: float = Field(ge=0, le=1)
    checks: tuple[GradeCheck, ...]


class Grade(Record):
    """The result of grading a submission; the same submission on the same instance gives the same grade.

    Claims have `recall`, `precision`, `claims` and `failures`; artefacts have `trade`, a policy has `trial`, answers
    have `answers`.

    `score` is in 0…1 before hints, and decides whether it is passed; `final` is what hints leave of it: they take a
    share of what lies above the pass mark.
    `seconds` and `peak_mb` tell what grading used and are no part of `grade_hash`.
    """

    instance: str
    submission_hash: str
    grader_hash: str
    passed: bool
    score: float = Field(ge=0, le=1)
    final: float = Field(ge=0, le=1)
    recall: float = Field(default=0.0, ge=0, le=1)
    precision: float = Field(default=0.0, ge=0, le=1)
    verdict: str
    claims: tuple[ClaimResult, ...] = ()
    failures: tuple[FailureResult, ...] = ()
    trade: TradeOff | None = None
    trial: OracleTrial | None = None
    answers: AnswerResult | None = None
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
