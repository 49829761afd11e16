"""Our own format: one JSON record a line, the benchmark without its cases first, then every case."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from drillyard.bench.lines import Problems, json_lines
from drillyard.errors import bad_input
from drillyard.records import BenchCase, Benchmark
from drillyard.records.files import write_atomically

__all__ = ["bench_text", "load_bench", "save_bench"]


def bench_text(bench: Benchmark) -> str:
    """Return the benchmark as the text of its file."""
    head = bench.model_copy(update={"cases": ()})
    return "".join(f"{record.to_json()}\n" for record in (head, *bench.cases))


def save_bench(bench: Benchmark, path: Path) -> None:
    """Write the benchmark's file, whole or not at all. Raises `BadInput` when two cases have one id."""
    _check_ids(bench.cases)
    write_atomically(path, bench_text(bench).encode())


def load_bench(path: Path, skip_bad: bool = False) -> Benchmark:
    """Read a benchmark's file.

    Raises:
        BadInput: it cannot be read, is no benchmark, has two cases of one id, or a line is broken (told by its number;
            with `skip_bad` such lines are left out).
    """
    problems, head, cases = Problems(skip=skip_bad), None, []
    for index, data in json_lines(path, problems):
        if head is None:
            if data.get("record") != "benchmark":
                break
            head = Benchmark.from_data(data)
            continue
        case = problems.attempt(f"{path.name} line {index + 1}", functools.partial(BenchCase.from_data, data))
        cases += [case] if case else []
    if head is None:
        why = f" ({problems.told[0]})" if problems.told else ""
        hint = f"type: drillyard bench import {path} -o DIR"
        raise bad_input(f"{path.name} without a benchmark record in line 1{why}", "a file of our format", hint)
    problems.settle()
    _check_ids(cases)
    return head.model_copy(update={"cases": tuple(cases)})


def _check_ids(cases: Sequence[BenchCase]) -> None:
    """Verdicts are kept by id, so each case needs one of its own."""
    names = [case.id for case in cases]
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise bad_input(f"two cases with the id {twice!r}", "an id of its own for every case")
