"""The result: how grading goes, then what was found, what was missed, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from drillyard.drills.locate import LOCATED
from drillyard.records import (
    AnswerSubmission,
    AnySubmission,
    ArtefactSubmission,
    ClaimResult,
    Conversation,
    FailureMode,
    FailureResult,
    Grade,
    PolicySubmission,
    Transcript,
)
from drillyard.yard.marks import choose_pause
from drillyard.yard.pages.again import find_further
from drillyard.yard.pages.drill import path_of
from drillyard.yard.pages.paper import sheet_of
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["WORDS", "Pair", "ResultRow", "pairs", "retry", "show", "table"]

# Status of a claim: state mark, word.
WORDS: Mapping[str, tuple[str, str]] = {
    "confirmed": ("found", "found"),
    "duplicate": ("found", "found again"),
    "false-alarm": ("alarm", "false alarm"),
    "not-shown": ("missed", "not shown"),
    "unknown": ("unknown", "unknown"),
}

_OTHERS = {
    "false-alarm": "The clean twin does this too",
    "not-shown": "No planted failure behind it",
    "unknown": "Not enough evidence",
}


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """A row of planted × claimed: a planted failure (or none), and per claim what that claim says of it."""

    title: str
    planted: FailureResult | None
    mode: FailureMode | None
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One question with what both models answered: each different reply, with how often it is in the evidence."""

    template: str
    prompt: str
    failing: Mapping[str, int]
    twin: Mapping[str, int]


@page("learner")
def show(visit: Visit) -> Response:
    """Show the result, or how far it is."""
    one = visit.assignment()
    progress = visit.yard.submissions.of(visit.me().id, one.instance.id)
    if progress is None:
        return visit.go(path_of(one))
    waited = visit.yard.store.clock() - progress.received
    if "hx-request" in visit.request.headers:  # the grading page asks how far it is
        asked = visit.request.query_params
        if (asked.get("seen"), asked.get("pause")) == (progress.status, str(choose_pause(waited))):
            return Response(status_code=204)
        if not progress.waiting:
            return visit.leave(f"{path_of(one)}/result")
    if progress.grade is None:
        alone = progress.waiting and visit.yard.submissions.unattended()
        return visit.render(
            "grading.html", one=one, here=path_of(one), progress=progress, waited=waited, unattended=alone
        )
    return _graded(visit, one, progress.grade, progress.submission)


@page("learner")
def retry(visit: Visit) -> Response:
    """Let a grading that failed run again."""
    one = visit.assignment()
    visit.yard.submissions.retry(visit.me().id, one.instance.id)
    visit.yard.queue.wake()
    return visit.go(f"{path_of(one)}/result")


def _graded(visit: Visit, one: Assignment, grade: Grade, submission: AnySubmission) -> Response:
    hints = visit.yard.store.hints(visit.me().id, one.instance.id)
    common: dict[str, Any] = {
        "one": one,
        "here": path_of(one),
        "grade": grade,
        "hint_count": len(hints),
        "hint_cost": sum(hint.cost for hint in hints),
        "further": find_further(visit, one.instance.id),
    }
    if isinstance(submission, ArtefactSubmission):
        return visit.render("trade.html", trade=grade.trade, **common)
    if isinstance(submission, PolicySubmission):
        return visit.render("trial.html", trial=grade.trial, **common)
    if isinstance(submission, AnswerSubmission):
        return visit.render("answered.html", answers=grade.answers, export=sheet_of(visit, one).export, **common)
    truth = visit.yard.programme.truth(one.instance.id)
    return visit.render(
        "result.html",
        claims=submission.claims,
        rows=table(grade, {mode.id: mode for mode in truth.failures}),
        words=WORDS,
        pairs=pairs,
        behaviours=one.world.behaviours if one.world else {},
        located=LOCATED,
        **common,
    )


def table(grade: Grade, modes: Mapping[str, FailureMode]) -> list[ResultRow]:
    """Return planted × claimed: a row per planted failure, then one per other fate that a claim met."""
    rows = [
        ResultRow(
            title=planted.title,
            planted=planted,
            mode=modes.get(planted.failure),
            cells=tuple(claim.status if claim.failure == planted.failure else "" for claim in grade.claims),
        )
        for planted in grade.failures
    ]
    for status, title in _OTHERS.items():
        cells = tuple(claim.status if claim.status == status else "" for claim in grade.claims)
        if any(cells):
            rows.append(ResultRow(title=title, planted=None, mode=None, cells=cells))
    return rows


def pairs(claim: ClaimResult) -> list[Pair]:
    """Return the evidence side by side, question by question."""
    asked = dict.fromkeys(one.conversation for one in (*claim.evidence, *claim.twin_evidence))
    return [
        Pair(
            template=conversation.template,
            prompt=conversation.last_user,
            failing=_replies(claim.evidence, conversation),
            twin=_replies(claim.twin_evidence, conversation),
        )
        for conversation in asked
    ]


def _replies(evidence: Iterable[Transcript], conversation: Conversation) -> Counter[str]:
    return Counter(one.reply.text for one in evidence if one.conversation == conversation)
