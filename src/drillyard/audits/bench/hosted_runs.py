"""Stored runs of hosted evals: their replies become runs of ours, and their verdicts are compared with ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drillyard.audits.bench.hosted import case_key, hosted_case, stored_reply
from drillyard.audits.bench.hosted_export import HostedEval, as_list, as_object
from drillyard.audits.bench.judging import judge_case, needs_grader
from drillyard.audits.bench.running import store_run
from drillyard.errors import DrillyardError
from drillyard.records import BenchCase, Benchmark, BenchReply, Reply, Transcript

__all__ = ["StoredRun", "store_runs"]


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run that came over: its folder, and how many stored verdicts (of graders that ask no model) are ours too."""

    folder: Path
    agreed: int
    compared: int


@dataclass(frozen=True, kw_only=True)
class _Answered:
    case: BenchCase
    sample: Mapping[str, Any]
    results: Any

    @property
    def text(self) -> str:
        return stored_reply(self.sample)


def store_runs(hosted: HostedEval, bench: Benchmark, folder: Path) -> Iterator[StoredRun]:
    """Write every run of which output items were saved into a folder of its own, and compare its verdicts."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for item in hosted.items:
        runs.setdefault(str(item.get("run_id") or "run"), []).append(item)
    for name, items in runs.items():
        answered = list(_answered(items, hosted, bench))
        if not answered:
            continue
        place = folder / re.sub(r"[^\w.-]+", "-", name)
        target = f"hosted/{answered[0].sample.get('model') or 'unknown'}"
        cases = tuple(one.case for one in answered)
        store_run(bench.model_copy(update={"cases": cases}), list(_replies(answered, target)), target, place)
        same = [verdict for one in answered for verdict in _compare(one, bench)]
        yield StoredRun(folder=place, agreed=sum(same), compared=len(same))


def _answered(items: list[dict[str, Any]], hosted: HostedEval, bench: Benchmark) -> Iterator[_Answered]:
    """Yield the items whose case came over, each case once: the first reply stands."""
    known = {case_key(case): case for case in bench.cases}
    for item in items:
        sample, prompt = as_object(item.get("sample")), hosted.prompt_of(item)
        try:
            made = hosted_case(0, item.get("datasource_item"), prompt, sample, bench.criteria)
            stored_reply(sample)
        except DrillyardError:
            continue  # the import has told it
        case = known.pop(case_key(made), None)
        if case is not None:
            yield _Answered(case=case, sample=sample, results=item.get("results"))


def _replies(answered: list[_Answered], target: str) -> Iterator[BenchReply]:
    for one in answered:
        for ask in one.case.asks:
            finish = "length" if one.sample.get("finish_reason") == "length" else "stop"
            reply = Reply.model_validate({"text": one.text, "finish": finish})
            transcript = Transcript(conversation=ask.conversation, reply=reply, target=target)
            yield BenchReply(case=one.case.id, ask=ask.name, transcript=transcript)


def _compare(one: _Answered, bench: Benchmark) -> Iterator[bool]:
    """Yield per stored verdict of a grader that asks no model whether ours is the same."""
    stored = {
        str(result.get("name")): result.get("passed") for result in as_list(one.results) if isinstance(result, dict)
    }
    replies = {ask.name: one.text for ask in one.case.asks}
    for criterion in bench.criteria:
        passed = next((p for name, p in stored.items() if _named(name, criterion.name)), None)
        if isinstance(passed, bool) and not needs_grader(criterion):
            try:
                ours = judge_case(criterion, one.case, replies).verdict
            except DrillyardError:
                continue  # a metric whose library is not installed
            yield (ours == "passed") == passed


def _named(stored: object, name: str) -> bool:
    """Say whether a stored result is of this grader: the API adds an id behind the name."""
    return stored == name or (isinstance(stored, str) and stored.startswith(f"{name}-"))
