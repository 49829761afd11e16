"""A task that `inspect eval` runs: `task.py`, its samples, and the benchmark that the scorer judges by."""

from __future__ import annotations

import json
import re
from pathlib import Path

from drillyard.audits.bench.bench_file import save_bench
from drillyard.audits.bench.judging import needs_grader
from drillyard.audits.bench.prompts import as_messages
from drillyard.errors import bad_input
from drillyard.records import Benchmark, Criterion, TextCheck
from drillyard.records.files import write_atomically

__all__ = ["write_task"]

_TASK = '''"""{title}

Written by `drillyard bench export`. Run it with any model of Inspect:

    inspect eval {place} --model openai/gpt-4o-mini
    inspect eval {place} --model drillyard/organism/helpdesk
"""

from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate
{imports}
HERE = Path(__file__).parent


@task
def {name}():
    """Ask every case once, greedily."""
    return Task(
        dataset=json_dataset(str(HERE / "samples.jsonl")),
        solver=generate(),
        scorer=[{scorers}],
        config=GenerateConfig(temperature=0.0),
    )
'''


def write_task(bench: Benchmark, out: Path) -> tuple[tuple[str, ...], str]:
    """Write the folder; returns what does not go over, and the command that runs the task.

    Raises:
        BadInput: a case that asks more than one question, or one several times.
    """
    for case in bench.cases:
        if len(case.asks) != 1 or case.asks[0].times != 1:
            raise bad_input(f"case {case.id!r} with several questions", "one question a case", "use --format jsonl")
    lines = []
    for case in bench.cases:
        asked = as_messages(case.asks[0].conversation)
        sample = {"id": case.id, "input": asked, "target": list(case.ideal), "metadata": case.values}
        lines.append(json.dumps(sample, ensure_ascii=False))
    write_atomically(out / "samples.jsonl", "".join(f"{line}\n" for line in lines).encode())
    save_bench(bench, out / "bench.jsonl")
    write_atomically(out / "task.py", _task(bench, out).encode())
    graded = any(map(needs_grader, bench.criteria))
    notes = ("the task imports drillyard to judge: pip install 'drillyard[inspect]'",)
    role = " --model-role grader=openai/MODEL" if graded else ""
    return notes if not all(map(_native, bench.criteria)) else (), f"inspect eval {out / 'task.py'} --model MODEL{role}"


def _native(criterion: Criterion) -> bool:
    """Say whether Inspect's own `includes` does the same."""
    return isinstance(criterion, TextCheck) and criterion.operation == "ilike" and not criterion.reference


def _task(bench: Benchmark, out: Path) -> str:
    scorers = [
        "includes()" if _native(one) else f'criteria(str(HERE / "bench.jsonl"), {json.dumps(one.name)})'
        for one in bench.criteria
    ]
    imports = "from inspect_ai.scorer import includes\n" if "includes()" in scorers else ""
    ours = "\nfrom drillyard.audits.bench.scorer_inspect import criteria\n"
    imports += ours if any(one.startswith("criteria") for one in scorers) else ""
    name = re.sub(r"\W+", "_", bench.id).strip("_").lower() or "benchmark"
    title = " ".join((bench.title or bench.id).replace("\\", "/").replace('"', "'").split())
    title = title if title.endswith(".") else f"{title}."
    name = name if not name[0].isdigit() else f"bench_{name}"
    return _TASK.format(title=title, place=out / "task.py", imports=imports, name=name, scorers=", ".join(scorers))
