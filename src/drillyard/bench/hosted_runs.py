"""Stored runs of hosted evals: their replies become runs of ours, and their verdicts are compared with ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drillyard.bench.hosted import Grader, HostedRead
from drillyard.bench.hosted_export import as_object
from drillyard.bench.hosted_rows import HostedRow
from drillyard.bench.judging import judge_case, needs_grader
from drillyard.bench.running import store_run
from drillyard.errors import DrillyardError
from drillyard.records import BenchCase, Benchmark, BenchReply, Criterion, Reply, Transcript

__all__ = ["StoredRun", "Verdicts", "store_runs"]


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """Stored verdicts against ours; the four add up to all that were stored.

    `not_compared` are those of graders that ask a model or did not come over, of rows that are lost, and of metrics
    whose library is not installed.
    """

    same: int = 0
    other: int = 0
    unknown: int = 0
    not_compared: int = 0

    def __str__(self) -> str:
        parts = (
            f"{self.same} the same here + {self.other} not + {self.unknown} unknown + {self.not_compared} not compared"
        )
        return f"{self.same + self.other + self.unknown + self.not_compared} stored verdicts = {parts}"

    def __add__(self, other: Verdicts) -> Verdicts:
        return Verdicts(**{name: value + getattr(other, name) for name, value in self.__dict__.items()})


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run that came over: its folder, its rows, and how its verdicts compare."""

    folder: Path
    rows: int
    verdicts: Verdicts


def store_runs(read: HostedRead, bench: Benchmark, folder: Path) -> Iterator[StoredRun]:
    """Write every run of which output items were saved into a folder of its own, and compare its verdicts."""
    runs: dict[str, list[HostedRow]] = {}
    for row in read.rows:
        if row.run is not None:
            runs.setdefault(row.run, []).append(row)
    for name, rows in runs.items():
        kept = [(row.case, row.reply) for row in rows if row.case and row.reply]
        if not kept:
            continue
        place = folder / re.sub(r"[^\w.-]+", "-", name)
        models = (as_object(row.sample).get("model") for row in rows)
        target = f"hosted/{next((model for model in models if isinstance(model, str) and model), 'unknown')}"
        cases = tuple(case for case, _ in kept)
        store_run(bench.model_copy(update={"cases": cases}), list(_replies(kept, target)), target, place)
        found = Counter(fate for row in rows for fate in _compare(row, read.graders))
        yield StoredRun(folder=place, rows=len(kept), verdicts=Verdicts(**found))


def _replies(kept: Sequence[tuple[BenchCase, Reply]], target: str) -> Iterator[BenchReply]:
    for case, reply in kept:
        for ask in case.asks:
            transcript = Transcript(conversation=ask.conversation, reply=reply, target=target)
            yield BenchReply(case=case.id, ask=ask.name, transcript=transcript)


def _compare(row: HostedRow, graders: Sequence[Grader]) -> Iterator[str]:
    """Yield what became of each stored verdict of a row."""
    turns: Counter[str] = Counter()
    for result in map(as_object, row.results):
        passed = result.get("passed")
        if isinstance(passed, bool):
            criterion = _grader_of(str(result.get("name")), graders, turns)
            yield _fate(row, criterion, passed) if criterion else "not_compared"


def _fate(row: HostedRow, criterion: Criterion, passed: bool) -> str:
    if needs_grader(criterion) or row.case is None or row.reply is None:
        return "not_compared"
    replies = {ask.name: row.reply.text for ask in row.case.asks if row.reply.finish != "error"}
    try:
        ours = judge_case(criterion, row.case, replies).verdict
    except DrillyardError:
        return "not_compared"  # a metric whose library is not installed
    return "unknown" if ours == "unknown" else "same" if (ours == "passed") == passed else "other"


def _grader_of(name: str, graders: Sequence[Grader], turns: Counter[str]) -> Criterion | None:
    """Return the criterion of a stored result, which has the grader's id, or its name with an id behind it.

    Graders of one name and without ids are taken in turn.
    """
    for one in graders:
        if as_object(one.stored).get("id") == name:
            return one.criterion
    named = [(str(_named(one.stored)), one) for one in graders]
    fitting = {own for own, _ in named if name == own or name.startswith(f"{own}-")}
    if not fitting:
        return None
    longest = max(fitting, key=len)
    same = [one.criterion for own, one in named if own == longest]
    turns[longest] += 1
    return same[min(turns[longest], len(same)) - 1]


def _named(stored: Any) -> Any:
    return as_object(stored).get("name") or as_object(stored).get("type")
