"""Benchmarks in: from whatever lies there to files of our own format, with a report of what came over."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from drillyard.bench.bench_file import save_bench
from drillyard.bench.hosted import import_hosted
from drillyard.bench.hosted_export import looks_hosted, read_export
from drillyard.bench.inspect_data import import_dataset
from drillyard.bench.lines import Problems, read_text
from drillyard.bench.openai_classes import import_eval
from drillyard.bench.openai_registry import OpenAIRegistry
from drillyard.bench.regressions import import_findings
from drillyard.errors import BadInput, DrillyardError, bad_input
from drillyard.records import Benchmark
from drillyard.records.progress import Progress, silent

__all__ = ["FORMATS", "Format", "Imported", "guess_format", "import_benchmarks", "import_one"]

Format = Literal["openai-evals", "hosted", "inspect", "findings"]
FORMATS: tuple[Format, ...] = ("openai-evals", "hosted", "inspect", "findings")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of one eval: the file (None: it did not come over), how many cases, what was lost and why."""

    name: str
    path: Path | None = None
    cases: int = 0
    criteria: int = 0
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""

    def to_data(self) -> dict[str, object]:
        """Return plain data."""
        whole = {**self.__dict__, "path": str(self.path) if self.path else None}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in whole.items()}


def guess_format(source: Path) -> Format:
    """Say what lies there: a registry, an export of the hosted Evals, findings of an audit, or a dataset for Inspect.

    Raises:
        BadInput: nothing is there.
    """
    if not source.exists():
        raise bad_input(f"nothing at {str(source)!r}", "a registry folder, or a file to import")
    if source.is_dir():
        if (source / "evals").is_dir():
            return "openai-evals"
        return "findings" if (source / "report.json").is_file() else "hosted"
    if source.suffix == ".csv" or ".csv." in source.name:
        return "inspect"
    if looks_hosted(source):
        return "hosted"
    try:
        data = json.loads(read_text(source))
    except (ValueError, RecursionError):
        return "inspect"
    return "findings" if isinstance(data, dict) and "findings" in data else "inspect"


def import_benchmarks(
    source: Path,
    out: Path,
    *,
    kind: Format | None = None,
    evals: Sequence[str] = (),
    skip_bad: bool = False,
    keep_going: bool = False,
    scorer: str = "includes",
    fields: Mapping[str, str] | None = None,
    scope: str = "",
    progress: Progress = silent,
) -> list[Imported]:
    """Write one file of our format per eval into `out`, and say what became of each.

    Args:
        source: a registry folder, an export of the hosted Evals (file or folder), a dataset, or findings.
        out: folder for the files.
        kind: how to read it; guessed unless given.
        evals: names in a registry or export; all of them unless given.
        skip_bad: leave out broken lines, cases and graders, and report them, instead of refusing the eval.
        keep_going: report an eval that does not come over instead of raising what is wrong with it.
        scorer: for datasets, how targets are looked for.
        fields: for datasets, other names of the columns.
        scope: for findings, the world that was audited.
        progress: told each benchmark that is done.

    Raises:
        BadInput: nothing to import, an unknown name, or (without `keep_going`) the first eval that does not come over.
    """
    done: list[Imported] = []
    jobs = list(_jobs(source, kind or guess_format(source), evals, scorer, fields or {}, scope))
    for name, job in jobs:
        done.append(import_one(name, job, out, Problems(skip=skip_bad), keep_going))
        progress(name, len(done), len(jobs))
    return done


Job = Callable[[Problems], Benchmark]


def _jobs(
    source: Path, kind: Format, evals: Sequence[str], scorer: str, fields: Mapping[str, str], scope: str
) -> Iterator[tuple[str, Job]]:
    """Yield name and work of every eval that is to be imported."""
    if kind == "openai-evals":
        registry = OpenAIRegistry(source)
        for name in evals or registry.names():
            yield name, functools.partial(import_eval, registry, name)
    elif kind == "hosted":
        known = {hosted.name: hosted for hosted in read_export(source)}
        if unknown := sorted(set(evals) - set(known)):
            raise bad_input(f"eval {unknown[0]!r}", f"one of: {', '.join(known)}")
        for name in evals or known:
            yield name, functools.partial(import_hosted, known[name])
    elif kind == "inspect":
        yield source.name, lambda problems: import_dataset(source, problems, scorer, fields)
    else:
        yield source.name, lambda problems: import_findings(source, scope)


def import_one(name: str, job: Job, out: Path, problems: Problems, keep_going: bool) -> Imported:
    """Write the file of one eval; with `keep_going`, what is wrong with it is returned instead of raised."""
    try:
        bench = job(problems)
        problems.settle()
        if not bench.cases:
            raise BadInput(f"found no case in {name!r}, expected one at least")
    except DrillyardError as problem:
        if not keep_going:
            raise
        return Imported(name=name, why=str(problem), lost=tuple(problems.told))
    path = out / (re.sub(r"[^\w.-]+", "-", bench.id) + ".jsonl")
    save_bench(bench, path)
    notes = tuple(note for note in bench.notes if note not in problems.told)
    return Imported(
        name=name,
        path=path,
        cases=len(bench.cases),
        criteria=len(bench.criteria),
        lost=tuple(problems.told),
        notes=notes,
    )
