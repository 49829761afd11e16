"""Benchmarks out: what is to be exported, and for whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from drillyard.bench.bench_file import load_bench, save_bench
from drillyard.bench.export_registry import write_registry
from drillyard.bench.export_task import write_task
from drillyard.bench.prompts import as_messages
from drillyard.bench.regressions import import_findings
from drillyard.bench.running import BenchRun, load_run
from drillyard.errors import bad_input
from drillyard.records import Benchmark
from drillyard.records.files import write_atomically

__all__ = ["FORMATS", "Exported", "Format", "export", "load_source"]

Format = Literal["openai-evals", "inspect", "jsonl"]
FORMATS: tuple[Format, ...] = ("openai-evals", "inspect", "jsonl")


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written: how many cases, what could not go over, and the command that runs it."""

    folder: str
    cases: int
    notes: tuple[str, ...]
    command: str

    def to_data(self) -> dict[str, object]:
        """Return plain data."""
        return {**asdict(self), "notes": list(self.notes)}


def load_source(path: Path, failed: bool = False, scope: str = "") -> Benchmark:
    """Return the benchmark of a file of ours, of a run's folder, or made from the findings of an audit's report.

    `scope` is the world of findings whose report names none. With `failed` it keeps the cases that a finished run did
    not pass, as regression tests of their own.

    Raises:
        BadInput: none of these is there, or with `failed` no finished run, or one in which nothing failed.
    """
    if failed:
        return _failed(load_run(path))
    if not path.exists():
        raise bad_input(f"nothing at {str(path)!r}", "a benchmark, a run's folder, or the JSON of drillyard audit")
    if path.is_dir():
        return load_bench(path / "bench.jsonl") if (path / "bench.jsonl").is_file() else import_findings(path, scope)
    return load_bench(path) if path.suffix == ".jsonl" else import_findings(path, scope)


def _failed(run: BenchRun) -> Benchmark:
    lost = {verdict.case for verdict in run.verdicts if verdict.verdict in ("failed", "unknown")}
    cases = tuple(case for case in run.bench.cases if case.id in lost)
    if not cases:
        raise bad_input(
            f"a run of {run.bench.id!r} in which nothing failed", "cases that failed", "leave --failed away"
        )
    return run.bench.model_copy(update={"id": f"{run.bench.id}-failed", "cases": cases})


def export(bench: Benchmark, kind: Format, out: Path) -> Exported:
    """Write a benchmark in one of `FORMATS` into a folder.

    Raises:
        BadInput: the format cannot hold what the benchmark asks.
    """
    if any(not case.asks for case in bench.cases):
        raise bad_input(f"cases of {bench.id!r} that ask nothing (their replies are stored)", "cases that can be asked")
    notes, command = _WRITERS[kind](bench, out)
    return Exported(folder=str(out), cases=len(bench.cases), notes=notes, command=command)


def _write_lines(bench: Benchmark, out: Path) -> tuple[tuple[str, ...], str]:
    """Write one JSON object per case, with plain messages, and the benchmark itself beside it."""
    lines = []
    for case in bench.cases:
        asks = [as_messages(ask.conversation) for ask in case.asks]
        sample: dict[str, object] = {
            "id": case.id,
            "input": asks[0],
            "ideal": list(case.ideal),
            "metadata": case.values,
        }
        if len(asks) > 1:
            sample["inputs"] = asks
        if case.most is not None:
            sample |= {"times": [ask.times for ask in case.asks], "most": case.most}
        lines.append(json.dumps(sample, ensure_ascii=False))
    write_atomically(out / "samples.jsonl", "".join(f"{line}\n" for line in lines).encode())
    save_bench(bench, out / "bench.jsonl")
    note = "samples.jsonl holds no criteria: bench.jsonl beside it does"
    return (note,), f"drillyard bench run {out / 'bench.jsonl'} TARGET -o RUN"


_WRITERS: Mapping[Format, Callable[[Benchmark, Path], tuple[tuple[str, ...], str]]] = {
    "openai-evals": write_registry,
    "inspect": write_task,
    "jsonl": _write_lines,
}
