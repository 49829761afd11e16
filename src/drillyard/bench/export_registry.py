"""A registry that `oaieval` runs: evals, samples, grader specs, and a completion function that asks a server.

Where a class of OpenAI Evals says the same, it is used; anything else runs in `criteria_evals.Criteria`, for which
drillyard must be installed beside evals.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from drillyard.bench.bench_file import bench_text
from drillyard.bench.completions_source import COMPLETIONS
from drillyard.bench.judging import needs_grader
from drillyard.bench.prompts import as_messages
from drillyard.bench.wording import quoted
from drillyard.records import BenchCase, Benchmark, Criterion, ModelLabel, TextCheck
from drillyard.records.bench import OUTPUT
from drillyard.records.files import write_atomically

__all__ = ["write_registry"]

_CLASSES = {
    "starts-with": "evals.elsuite.basic.match:Match",
    "includes": "evals.elsuite.basic.includes:Includes",
    "fuzzy": "evals.elsuite.basic.fuzzy_match:FuzzyMatch",
    "json": "evals.elsuite.basic.json_match:JsonMatch",
}
_CLASSIFY = "evals.elsuite.modelgraded.classify:ModelBasedClassify"
_OURS = "drillyard.bench.criteria_evals:Criteria"
_SLOT = re.compile(r"\{\{\s*(?:item|sample)\.([\w-]+)\s*\}\}")


def write_registry(bench: Benchmark, out: Path) -> tuple[tuple[str, ...], str]:
    """Write the registry; returns what does not go over, and the command that runs its first eval."""
    slug = re.sub(r"[^a-z0-9-]+", "-", bench.id.lower()).strip("-") or "benchmark"
    entries: dict[str, Any] = {}
    specs: dict[str, Any] = {}
    names, notes = [], []
    for number, criterion in enumerate(bench.criteria, start=1):
        name = f"{slug}.drillyard.c{number}"
        names.append(name)
        entry, spec = _entry(bench, criterion, slug, f"{slug}-c{number}")
        entries[name] = entry
        specs |= spec
        if entry["class"] == _OURS:
            notes.append(f"{criterion.name!r} is judged by drillyard: pip install drillyard beside evals")
    described = {"id": names[0], "metrics": ["accuracy"], "description": bench.title or bench.id}
    _write_yaml(out / "evals" / f"{slug}.yaml", {slug: described, **entries})
    if specs:
        _write_yaml(out / "modelgraded" / f"{slug}.yaml", specs)
    samples = "".join(f"{json.dumps(sample, ensure_ascii=False)}\n" for sample in _samples(bench))
    write_atomically(out / "data" / slug / "samples.jsonl", samples.encode())
    write_atomically(out / "data" / slug / "bench.jsonl", bench_text(bench).encode())
    sampled = any(case.most is not None for case in bench.cases)
    if sampled:
        notes.append(
            "sampled cases are asked without a seed, so two runs may differ, and need a completion function that "
            "samples at temperature 1: drillyard/server does"
        )
    arguments = {"model": "helpdesk", **({"temperature": 1.0} if sampled else {})}
    function = {"class": "drillyard_completions:Server", "args": arguments}
    _write_yaml(out / "completion_fns" / "drillyard.yaml", {"drillyard/server": function})
    write_atomically(out / "drillyard_completions.py", COMPLETIONS.encode())
    graded = ",GRADER" if any(map(needs_grader, bench.criteria)) else ""
    command = f"PYTHONPATH={out} oaieval drillyard/server{graded} {slug} --registry_path {out}"
    return tuple(notes), command


def _write_yaml(path: Path, data: dict[str, Any]) -> None:
    write_atomically(path, yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode())


def _entry(bench: Benchmark, criterion: Criterion, slug: str, spec_name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the entry of an eval and the grader specs that it needs."""
    plain = all(len(case.asks) == 1 and case.asks[0].times == 1 and case.most is None for case in bench.cases)
    samples = {"samples_jsonl": f"{slug}/samples.jsonl"}
    if plain and isinstance(criterion, TextCheck) and criterion.operation in _CLASSES and _by_ideal(criterion, bench):
        ignore = {"ignore_case": True} if criterion.operation == "includes" and criterion.ignore_case else {}
        return {"class": _CLASSES[criterion.operation], "args": {**samples, **ignore}}, {}
    if plain and isinstance(criterion, ModelLabel) and _classifies(criterion, bench):
        spec = _spec(criterion, bench)
        return {"class": _CLASSIFY, "args": {**samples, "modelgraded_spec": spec_name}}, {spec_name: spec}
    return {"class": _OURS, "args": {"bench_jsonl": f"{slug}/bench.jsonl", "criterion": criterion.name}}, {}


def _by_ideal(criterion: TextCheck, bench: Benchmark) -> bool:
    other = criterion.operation != "includes" and criterion.ignore_case
    return criterion.input == OUTPUT and not criterion.reference and not other and all(c.ideal for c in bench.cases)


def _classifies(criterion: ModelLabel, bench: Benchmark) -> bool:
    """Say whether ModelBasedClassify reads the same prompt and the same label."""
    texts = [message.content for message in criterion.messages]
    names = {name.partition(".")[2] for text in texts for name in quoted(text)}
    known = {bench.cases[0].asks[0].name, *bench.cases[0].values} if bench.cases else set()
    return (
        criterion.style != "whole-line"
        and criterion.match == "starts_or_endswith"
        and not criterion.passing
        and names <= known
        and not any(set(label) & set(string.punctuation) for label in criterion.labels)
    )


def _spec(criterion: ModelLabel, bench: Benchmark) -> dict[str, Any]:
    """Return the grader's spec. What `eval_type` adds to a prompt stands in the messages already."""
    prompt = [{"role": message.role, "content": _to_format(message.content)} for message in criterion.messages]
    return {
        "prompt": prompt,
        "choice_strings": list(criterion.labels),
        **({"choice_scores": dict(criterion.scores)} if criterion.scores else {}),
        "eval_type": "cot_classify" if criterion.style == "last-line" else "classify",
        "input_outputs": {_asked_as(bench): bench.cases[0].asks[0].name},
    }


def _to_format(text: str) -> str:
    """Turn `{{item.x}}` into `{x}` and double every other brace."""
    parts, start = [], 0
    for slot in _SLOT.finditer(text):
        parts += [_double(text[start : slot.start()]), f"{{{slot[1]}}}"]
        start = slot.end()
    return "".join([*parts, _double(text[start:])])


def _double(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _asked_as(bench: Benchmark) -> str:
    """Return the key of a sample's question: `input`, unless that is the name of something else."""
    ours = bench.origin.startswith("openai-evals") or not any("input" in case.values for case in bench.cases)
    return "input" if ours else "drillyard_input"


def _samples(bench: Benchmark) -> Iterator[dict[str, Any]]:
    key = _asked_as(bench)
    for case in bench.cases:
        yield _sample(case, key)


def _sample(case: BenchCase, key: str) -> dict[str, Any]:
    messages = as_messages(case.asks[0].conversation)
    ideal = {"ideal": case.ideal[0] if len(case.ideal) == 1 else list(case.ideal)} if case.ideal else {}
    # `input` must be there for the basic classes even where the grader's question has another key.
    return {"id": case.id, **case.values, "input": messages, **ideal, key: messages}
