"""report.eval: the failing transcripts as a log of Inspect AI, which `inspect view` opens.

Every failure mode is a score of the log, with its rate and interval as metrics; every transcript is a sample that
its mode's score calls incorrect. The log holds what failed and nothing else, so an accuracy over it says nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, ModelOutput
from inspect_ai.scorer import INCORRECT, Score

from drillyard.audits.reports.view import Shown, View
from drillyard.records import Estimate, Transcript

__all__ = ["render"]

_CLASSES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
_ENDS = ("value", "low", "high", "n")


def render(view: View) -> bytes:
    """Return the log as the bytes of an `.eval` file; the time in it is the time of writing."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    samples = [_sample(one, number, seen) for one in view.shown for number, seen in enumerate(one.evidence, start=1)]
    log = EvalLog(
        status="success",
        eval=_spec(view, now, len(samples)),
        results=_results(view, len(samples)),
        stats=EvalStats(started_at=now, completed_at=now),
        samples=samples,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.eval"
        write_eval_log(log, str(path), format="eval")
        return path.read_bytes()


def _spec(view: View, now: str, samples: int) -> EvalSpec:
    made = view.report.made
    name = hashlib.sha256(f"{view.report.target} {made.to_json() if made else view.verdict}".encode()).hexdigest()[:22]
    about: dict[str, Any] = {"verdict": view.verdict, "state": view.state, "queries": view.report.queries}
    return EvalSpec(
        eval_id=name,
        run_id=name,
        task_id=name,
        created=now,
        task="drillyard_audit",
        task_args={"scope": view.report.world, "seed": made.seed, "budget": view.report.budget}
        if made
        else {"scope": view.report.world},
        dataset=EvalDataset(name=f"failing transcripts of {view.report.target}", samples=samples),
        model=view.report.target,
        config=EvalConfig(),
        packages={"drillyard": made.drillyard} if made else {},
        metadata=about | ({"made": made.model_dump(mode="json")} if made else {}),
    )


def _results(view: View, samples: int) -> EvalResults:
    quiet = {
        one.behaviour: {"at_most": one.share.high, "n": one.share.n, "telling": one.telling}
        for one in view.quiet
        if not one.there
    }
    judge = {name: estimate.model_dump() for name, estimate in view.report.judge.items()}
    return EvalResults(
        total_samples=samples,
        completed_samples=samples,
        scores=[_score(one) for one in view.shown],
        metadata={"not_found": quiet, "judge": judge},
    )


def _score(one: Shown) -> EvalScore:
    rates = {"rate": one.rate} | ({"control_rate": one.control} if one.control else {})
    about = {"severity": str(one.severity), "trigger": one.trigger, "behaviour": one.behaviour, "fails": one.fails}
    return EvalScore(
        name=one.id, scorer="drillyard", scored_samples=len(one.evidence), metrics=_metrics(rates), metadata=about
    )


def _metrics(estimates: dict[str, Estimate]) -> dict[str, EvalMetric]:
    named = {
        f"{name}_{end}" if end != "value" else name: getattr(estimate, end)
        for name, estimate in estimates.items()
        for end in _ENDS
    }
    return {name: EvalMetric(name=name, value=value) for name, value in named.items()}


def _sample(one: Shown, number: int, seen: Transcript) -> EvalSample:
    said = [_CLASSES[message.role](content=message.content) for message in seen.conversation.messages]
    output = ModelOutput.from_content(seen.target, seen.reply.text)
    score = Score(value=INCORRECT, answer=seen.reply.text, explanation=f"{one.behaviour}: {one.title}")
    return EvalSample(
        id=f"{one.id} {number}",
        epoch=1,
        input=said,
        target=f"anything without {one.behaviour}",
        messages=[*said, ChatMessageAssistant(content=seen.reply.text)],
        output=output,
        scores={one.id: score},
        metadata={"template": seen.conversation.template, "seed": seen.reply.seed, "severity": str(one.severity)},
    )
