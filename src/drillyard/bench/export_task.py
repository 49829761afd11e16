"""A task that `inspect eval` runs: `task.py`, its samples, and the benchmark that the scorer judges by."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drillyard.bench.bench_file import save_bench
from drillyard.bench.judging import needs_grader
from drillyard.bench.prompts import as_messages
from drillyard.errors import bad_input
from drillyard.records import BenchCase, Benchmark, Criterion, TextCheck
from drillyard.records.files import write_atomically

__all__ = ["write_task"]

_HEAD = '''"""{title}

Written by `drillyard bench export`. Run it with any model of Inspect:

    inspect eval {place} --model openai/gpt-4o-mini
    inspect eval {place} --model drillyard/organism/helpdesk
"""

from pathlib import Path

from inspect_ai import {names}
from inspect_ai.dataset import json_dataset
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate
{imports}
HERE = Path(__file__).parent
'''

_TASK = '''

@task
def {name}():
    """{doc}"""
    return Task(
        dataset=json_dataset(str(HERE / "{samples}")),
        solver=generate(),
        scorer=[{scorers}],
        config=GenerateConfig(temperature={temperature}),{epochs}
    )
'''

_Group = tuple[int, int]  # how often a case is asked, and how many of those may fail; once and greedily: (0, 0)


def write_task(bench: Benchmark, out: Path) -> tuple[tuple[str, ...], str]:
    """Write the folder; returns what does not go over, and the command that runs the task.

    Sampled cases become samples of their own per prompt, in a task per number of epochs.

    Raises:
        BadInput: a case that asks more than one question, or one several times, and is not sampled.
    """
    for case in bench.cases:
        if case.most is None and (len(case.asks) != 1 or case.asks[0].times != 1):
            raise bad_input(f"case {case.id!r} with several questions", "one question a case", "use --format jsonl")
    flat = bench.model_copy(update={"cases": tuple(part for case in bench.cases for part in _parts(case))})
    groups: dict[_Group, list[BenchCase]] = {}
    for case in flat.cases:
        groups.setdefault((0, 0) if case.most is None else (case.asks[0].times, case.most), []).append(case)
    for group, cases in groups.items():
        text = "".join(f"{json.dumps(_sample(case), ensure_ascii=False)}\n" for case in cases)
        write_atomically(out / _samples_name(group), text.encode())
    save_bench(flat, out / "bench.jsonl")
    write_atomically(out / "task.py", _task(bench, out, list(groups)).encode())
    role = " --model-role grader=openai/MODEL" if any(map(needs_grader, bench.criteria)) else ""
    return _notes(bench), f"inspect eval {out / 'task.py'} --model MODEL{role}"


def _notes(bench: Benchmark) -> tuple[str, ...]:
    notes = []
    if not all(map(_native, bench.criteria)):
        notes.append("the task imports drillyard to judge: pip install 'drillyard[inspect]'")
    if any(case.most is not None for case in bench.cases):
        notes.append(
            "each prompt of a sampled case is a sample of its own, in a task per number of epochs: the numbers are "
            "rounded up, and replies that may fail are counted per prompt"
        )
    return tuple(notes)


def _parts(case: BenchCase) -> list[BenchCase]:
    """Return a sampled case as one per prompt, each sampled as often as the prompt that is sampled most."""
    if case.most is None:
        return [case]
    times = max(ask.times for ask in case.asks)
    return [
        case.model_copy(update={"id": f"{case.id}-{number}", "asks": (ask.model_copy(update={"times": times}),)})
        for number, ask in enumerate(case.asks, start=1)
    ]


def _sample(case: BenchCase) -> dict[str, Any]:
    asked = as_messages(case.asks[0].conversation)
    return {"id": case.id, "input": asked, "target": list(case.ideal), "metadata": case.values}


def _suffix(group: _Group) -> str:
    times, most = group
    return "" if not times else f"x{times}" if not most else f"x{times}m{most}"


def _samples_name(group: _Group) -> str:
    return f"samples{'-' * bool(_suffix(group))}{_suffix(group)}.jsonl"


def _native(criterion: Criterion) -> bool:
    """Say whether Inspect's own `includes` does the same."""
    return isinstance(criterion, TextCheck) and criterion.operation == "ilike" and not criterion.reference


def _task(bench: Benchmark, out: Path, groups: Sequence[_Group]) -> str:
    scorers = [
        "includes()" if _native(one) else f'criteria(str(HERE / "bench.jsonl"), {json.dumps(one.name)})'
        for one in bench.criteria
    ]
    imports = "from inspect_ai.scorer import includes\n" if "includes()" in scorers else ""
    ours = "\nfrom drillyard.bench.scorer_inspect import criteria\n"
    imports += ours if any(one.startswith("criteria") for one in scorers) else ""
    title = " ".join((bench.title or bench.id).replace("\\", "/").replace('"', "'").split())
    title = title if title.endswith(".") else f"{title}."
    names = "Epochs, Task, task" if any(times for times, _ in groups) else "Task, task"
    head = _HEAD.format(title=title, place=out / "task.py", names=names, imports=imports)
    return head + "".join(_one(bench, group, ", ".join(scorers)) for group in groups)


def _one(bench: Benchmark, group: _Group, scorers: str) -> str:
    """Return the function of one task."""
    times, most = group
    name = re.sub(r"\W+", "_", bench.id).strip("_").lower() or "benchmark"
    name = name if not name[0].isdigit() else f"bench_{name}"
    doc = f"Sample every case {times} times; {most or 'none'} may fail." if times else "Ask every case once, greedily."
    return _TASK.format(
        name=f"{name}_{_suffix(group)}" if times else name,
        doc=doc,
        samples=_samples_name(group),
        scorers=scorers,
        temperature=1.0 if times else 0.0,
        epochs=f'\n        epochs=Epochs({times}, "at_least_{max(1, times - most)}"),' if times else "",
    )
