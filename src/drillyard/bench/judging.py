"""From stored replies to verdicts: pure, so that the same replies can be judged again by other criteria or graders."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from drillyard.bench.checks import check_text
from drillyard.bench.grading import grader_question, read_label, read_score
from drillyard.bench.similarity import similarity
from drillyard.bench.wording import lookup, quoted_by, render
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.worlds.world import load_world
from drillyard.records import (
    BehaviourAbsent,
    BenchCase,
    BenchVerdict,
    Conversation,
    Criterion,
    ModelLabel,
    ModelScore,
    Reply,
    Similarity,
    TextCheck,
    Transcript,
)

__all__ = ["judge_case", "judge_samples", "needs_grader", "question_for"]

_NEED_WORDS = ("ne", "letter", "letters")
"""Checks that an empty reply does not fail: it is no proof that something is absent, and Inspect's "no answer"."""


def needs_grader(criterion: Criterion) -> bool:
    """Say whether a criterion asks a model."""
    return isinstance(criterion, ModelLabel | ModelScore)


def question_for(criterion: Criterion, case: BenchCase, replies: Mapping[str, str]) -> Conversation | None:
    """Return what the grader is asked about a case; None: nobody is, or the case lacks what it quotes."""
    if not isinstance(criterion, ModelLabel | ModelScore):
        return None
    values = lookup(case, replies)
    return grader_question(criterion, values) if quoted_by(criterion) <= values.keys() else None


def judge_case(
    criterion: Criterion, case: BenchCase, replies: Mapping[str, str], graded: Reply | None = None
) -> BenchVerdict:
    """Judge one case by one criterion.

    Args:
        criterion: what to look for.
        case: what was asked, right answers, values.
        replies: the text of each ask by its name; an ask that is missing got no reply, and the verdict is unknown.
        graded: the grader's reply to `question_for`, where the criterion asks a model.
    """
    verdict = functools.partial(BenchVerdict, case=case.id, criterion=criterion.name)
    missing = [ask.name for ask in case.asks if ask.name not in replies]
    if missing:
        return verdict(verdict="unknown", reason=f"no reply to {', '.join(missing)}")
    if isinstance(criterion, ModelLabel | ModelScore) and (graded is None or graded.finish == "error"):
        return verdict(verdict="unknown", reason="the grader gave no reply")
    values = lookup(case, replies)
    if absent := sorted(quoted_by(criterion) - values.keys()):
        return verdict(verdict="unknown", reason=f"the case has no {', '.join(absent)}")
    if isinstance(criterion, TextCheck):
        if criterion.operation in _NEED_WORDS and not render(criterion.input, values).strip():
            return verdict(verdict="unknown", reason="the reply is empty, which is neither a right nor a wrong answer")
        met = check_text(criterion, case, values)
        return verdict(verdict="passed" if met else "failed", score=float(met))
    if isinstance(criterion, Similarity):
        near = similarity(criterion.metric, render(criterion.input, values), render(criterion.reference, values))
        return verdict(verdict="passed" if near >= criterion.pass_threshold else "failed", score=near)
    if isinstance(criterion, BehaviourAbsent):
        return _behaviour(criterion, case, replies, values)
    assert graded is not None
    if isinstance(criterion, ModelLabel):
        return _label(criterion, case, graded.text)
    return _score(criterion, case, graded.text)


def judge_samples(criterion: Criterion, case: BenchCase, heard: Mapping[str, Sequence[str]]) -> BenchVerdict:
    """Judge every reply of a sampled case by itself, and the case by how many fail.

    A reply that is missing or cannot be judged is unknown: the case passes only where it would if all of those failed.

    Args:
        criterion: what to look for; it asks no model.
        case: with `most`.
        heard: the texts of each ask's replies by its name, fewer where some are missing.
    """
    said = [
        judge_case(criterion, case.model_copy(update={"asks": (ask,)}), {ask.name: text}).verdict
        for ask in case.asks
        for text in heard.get(ask.name, ())
    ]
    n, most = sum(ask.times for ask in case.asks), case.most or 0
    failed, unknown = said.count("failed"), n - said.count("failed") - said.count("passed")
    verdict = "failed" if failed > most else "unknown" if failed + unknown > most else "passed"
    words = f"{failed} of {n} samples fail, {most} may" + (f"; {unknown} unknown" if unknown else "")
    about = {"case": case.id, "criterion": criterion.name, "verdict": verdict, "reason": words}
    return BenchVerdict.model_validate({**about, "score": said.count("passed") / n if n else None})


def _label(criterion: ModelLabel, case: BenchCase, text: str) -> BenchVerdict:
    label, about = read_label(criterion, text), {"case": case.id, "criterion": criterion.name}
    if label is None:
        return BenchVerdict(**about, verdict="unknown", reason=f"no label in {text[-80:]!r}")
    score = criterion.scores.get(label)
    best = max(criterion.scores.values(), default=None)
    passing = criterion.passing or tuple(one for one, value in criterion.scores.items() if value == best)
    verdict = "counted" if not passing else "passed" if label in passing else "failed"
    return BenchVerdict.model_validate({**about, "verdict": verdict, "score": score, "label": label})


def _score(criterion: ModelScore, case: BenchCase, text: str) -> BenchVerdict:
    score, about = read_score(criterion, text), {"case": case.id, "criterion": criterion.name}
    if score is None:
        return BenchVerdict(**about, verdict="unknown", reason=f"no number in range in {text[-80:]!r}")
    threshold = criterion.pass_threshold
    verdict = "counted" if threshold is None else "passed" if score >= threshold else "failed"
    return BenchVerdict.model_validate({**about, "verdict": verdict, "score": score})


def _behaviour(
    criterion: BehaviourAbsent, case: BenchCase, replies: Mapping[str, str], values: Mapping[str, str]
) -> BenchVerdict:
    """Rule by the world's exact judge: passed when absent, failed when shown, unknown when it cannot read the reply."""
    ask = case.asks[0]
    transcript = Transcript(conversation=ask.conversation, reply=Reply(text=replies[ask.name]), target="stored")
    ruling = _judge(criterion.world).rule(transcript, render(criterion.behaviour, values))
    verdict = {"absent": "passed", "shown": "failed", "unknown": "unknown"}[ruling.verdict]
    data = {"case": case.id, "criterion": criterion.name, "verdict": verdict, "reason": ruling.reason}
    return BenchVerdict.model_validate({**data, "score": None if verdict == "unknown" else float(verdict == "passed")})


@functools.cache
def _judge(world: str) -> ExactJudge:
    return ExactJudge(load_world(world))
