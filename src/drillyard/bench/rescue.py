"""Rescue hosted evals: cases and graders become benchmarks, stored replies become runs, and a page says what was lost.

OpenAI has announced that the hosted Evals close; `docs/how-to/rescue-your-evals.md` says what to save before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drillyard.bench.bench_file import load_bench
from drillyard.bench.hosted import read_hosted
from drillyard.bench.hosted_export import HostedEval, read_export
from drillyard.bench.hosted_rows import RowCount, count_rows
from drillyard.bench.hosted_runs import StoredRun, Verdicts, store_runs
from drillyard.bench.importing import Imported, import_one
from drillyard.bench.judging import needs_grader
from drillyard.bench.lines import Problems
from drillyard.records.files import write_atomically

__all__ = ["Rescued", "count_runs", "rescue"]


@dataclass(frozen=True, kw_only=True)
class Rescued:
    """One hosted eval: its benchmark, what became of its rows, whether it asks a grader, and its stored runs."""

    imported: Imported
    rows: RowCount = RowCount()
    graded: bool = False
    runs: tuple[StoredRun, ...] = ()

    def to_data(self) -> dict[str, object]:
        """Return plain data."""
        runs = [
            {"folder": str(run.folder), "rows": run.rows, "verdicts": dict(run.verdicts.__dict__)} for run in self.runs
        ]
        return {**self.imported.to_data(), "rows": dict(self.rows.__dict__), "runs": runs}


def rescue(export: Path, out: Path) -> list[Rescued]:
    """Write `<eval>.jsonl` per eval, `<eval>-runs/<run>/` per stored run, and `rescue.md`.

    Raises:
        BadInput: the export cannot be read, or holds no eval.
    """
    done = [_one(hosted, out) for hosted in read_export(export)]
    write_atomically(out / "rescue.md", ("\n".join(_page(done)) + "\n").encode())
    return done


def count_runs(done: list[Rescued]) -> str:
    """Say what became of all rows, how many stored runs came over, and how far their verdicts are ours."""
    runs = [run for one in done for run in one.runs]
    rows = sum((one.rows for one in done), RowCount())
    words = f"{rows}. {len(runs)} stored {'run' if len(runs) == 1 else 'runs'} can be judged again."
    return f"{words} {sum((run.verdicts for run in runs), Verdicts())}." if runs else words


def _one(hosted: HostedEval, out: Path) -> Rescued:
    problems = Problems(skip=True)
    read = read_hosted(hosted, problems)
    rows = count_rows(read.rows)
    imported = import_one(hosted.name, read.bench, out, problems, keep_going=True)
    if imported.path is None:
        return Rescued(imported=imported, rows=rows)
    bench = load_bench(imported.path)
    runs = store_runs(read, bench, out / f"{imported.path.stem}-runs")
    return Rescued(imported=imported, rows=rows, graded=any(map(needs_grader, bench.criteria)), runs=tuple(runs))


def _page(done: list[Rescued]) -> Iterator[str]:
    """Yield the lines of rescue.md."""
    came = sum(one.imported.path is not None for one in done)
    yield f"# Rescued: {came} of {len(done)} evals\n"
    yield f"{count_runs(done)}\n"
    for one in done:
        told, grader = one.imported, " --grader openai/MODEL" if one.graded else ""
        yield f"## {told.name}\n"
        if told.path is None:
            yield f"Did not come over: {told.why}\n"
        else:
            yield f"{told.cases} cases and {told.criteria} graders are in `{told.path.name}`.\n"
            yield f"    drillyard bench run {told.path} TARGET{grader} -o RUN\n"
        yield f"- {one.rows}."
        for run in one.runs:
            yield f"- {run.rows} stored replies: `drillyard bench judge {run.folder}{grader}`; {run.verdicts}."
        lost = [f"- Lost: {words}" for words in told.lost]
        yield from lost or (["- Nothing was lost."] if told.path else [])
        yield ""
