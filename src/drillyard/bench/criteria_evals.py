"""Our criteria as an eval of OpenAI Evals, for what its own classes cannot say; loaded by `oaieval` alone."""

from __future__ import annotations

from typing import Any

import evals
import evals.metrics
from evals.record import record_match, record_metrics

from drillyard.bench.bench_file import load_bench
from drillyard.bench.judging import judge_case, judge_samples, question_for
from drillyard.bench.prompts import as_messages
from drillyard.bench.wording import join_replies
from drillyard.errors import bad_input
from drillyard.records import BenchAsk, BenchCase, BenchVerdict, Conversation, Reply

__all__ = ["Criteria"]


class Criteria(evals.Eval):  # type: ignore[misc]  # evals is not there for the type checker
    """Judges every case of a benchmark by one criterion; the last completion function grades.

    Records `match` with `correct` for passed and failed, and in every case `metrics` with the verdict, the label and
    the score. Unknown verdicts are counted in the report, never as correct.

    Args:
        completion_fns: who is asked; with two, the second grades.
        bench_jsonl: the benchmark's file, below `data/`.
        criterion: its name.
    """

    def __init__(self, completion_fns: Any, bench_jsonl: str, criterion: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(completion_fns, *args, **kwargs)
        self.bench = load_bench(self._prefix_registry_path(bench_jsonl))
        found = [one for one in self.bench.criteria if one.name == criterion]
        if not found:
            raise bad_input(f"criterion {criterion!r}", f"one of: {', '.join(one.name for one in self.bench.criteria)}")
        self.criterion = found[0]

    def eval_sample(self, sample: BenchCase, rng: Any) -> None:
        """Ask, grade and judge one case."""
        if sample.most is not None:
            heard = {ask.name: self._replies(ask, 1.0) for ask in sample.asks}
            self._record(
                sample, judge_samples(self.criterion, sample, heard), next(iter(heard[sample.asks[0].name]), "")
            )
            return
        replies = {ask.name: join_replies(self._replies(ask), ask.join) for ask in sample.asks}
        question = question_for(self.criterion, sample, replies)
        graded = Reply(text=_complete(self.completion_fns[-1], question)) if question else None
        self._record(sample, judge_case(self.criterion, sample, replies, graded), next(iter(replies.values()), ""))

    def _record(self, sample: BenchCase, verdict: BenchVerdict, said: str) -> None:
        if verdict.verdict in ("passed", "failed"):
            record_match(verdict.verdict == "passed", expected=sample.ideal, picked=verdict.label, sampled=said)
        record_metrics(case=sample.id, verdict=verdict.verdict, label=verdict.label, score=verdict.score)

    def run(self, recorder: Any) -> dict[str, float]:
        """Run every case; accuracy counts unknown ones as wrong."""
        self.eval_all_samples(recorder, list(self.bench.cases))
        told = [metrics["verdict"] for metrics in recorder.get_metrics()]
        counts = {f"counts/{verdict}": float(told.count(verdict)) for verdict in sorted(set(told))}
        return {"accuracy": told.count("passed") / max(1, len(told)), **counts}

    def _replies(self, ask: BenchAsk, temperature: float = 0.0) -> list[str]:
        return [_complete(self.completion_fns[0], ask.conversation, temperature) for _ in range(ask.times)]


def _complete(function: Any, conversation: Conversation, temperature: float = 0.0) -> str:
    return str(function(prompt=as_messages(conversation), temperature=temperature).get_completions()[0])
