"""OpenAI Evals in: an eval of a registry becomes a benchmark with the same verdict per sample."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlparse

from drillyard.bench.grading import ANSWER_PROMPTS
from drillyard.bench.lines import Problems, json_lines
from drillyard.bench.openai_registry import EvalEntry, OpenAIRegistry
from drillyard.bench.openai_samples import choice_cases, graded_cases, match_cases
from drillyard.bench.prompts import as_conversation
from drillyard.bench.wording import from_format
from drillyard.errors import bad_input
from drillyard.records import Benchmark, Message, ModelLabel, TextCheck

__all__ = ["CLASSES", "import_eval"]

_KNOWN_ARGS = {"samples_jsonl", "max_tokens", "num_few_shot", "few_shot_jsonl", "ignore_case", "dataset"}
_KNOWN_ARGS |= {"instructions", "modelgraded_spec", "modelgraded_spec_args", "eval_type", "match_fn", "multicomp_n"}
_KNOWN_ARGS |= {"sample_kwargs", "eval_kwargs", "metaeval"}


def import_eval(registry: OpenAIRegistry, name: str, problems: Problems) -> Benchmark:
    """Return one eval of a registry as a benchmark.

    Raises:
        BadInput: an unknown eval, a class that is not known, or data that cannot be read.
    """
    entry = registry.find(name)
    if entry.cls.strip() not in CLASSES:
        expected = f"one of: {', '.join(cls.partition(':')[2] for cls in CLASSES)}"
        raise bad_input(f"eval {entry.name!r} of the class {entry.cls!r}, which runs code of its own", expected)
    if unknown := sorted(set(entry.args) - _KNOWN_ARGS):
        raise bad_input(f"the arguments {', '.join(unknown)} of {entry.name!r}", "arguments of its class")
    bench = CLASSES[entry.cls.strip()](registry, entry, problems)
    return bench.model_copy(update={"notes": (*_notes(entry), *bench.notes)})


def _notes(entry: EvalEntry) -> tuple[str, ...]:
    """Say which arguments do not change the verdict here."""
    told = {
        "max_tokens": "max_tokens is not passed on: the target's own limit holds",
        "sample_kwargs": "sample_kwargs are not passed on: the target's own options hold",
        "eval_kwargs": "eval_kwargs are not passed on: the grader's own options hold",
        "metaeval": "metaeval is left out: the grader is not compared with the sample's own choice",
    }
    return tuple(words for name, words in told.items() if entry.args.get(name))


def _bench(entry: EvalEntry, **fields: Any) -> Benchmark:
    return Benchmark(id=entry.name, title=entry.title, origin=f"openai-evals {entry.class_name}", **fields)


def _text(operation: str, registry: OpenAIRegistry, entry: EvalEntry, problems: Problems) -> Benchmark:
    ignore = bool(entry.args.get("ignore_case")) and operation == "includes"
    data = {"name": entry.class_name, "operation": operation, "ignore_case": ignore}
    cases = match_cases(registry, entry, problems, as_json=operation == "json")
    return _bench(entry, criteria=(TextCheck.model_validate(data),), cases=tuple(cases))


def _choice(registry: OpenAIRegistry, entry: EvalEntry, problems: Problems) -> Benchmark:
    cases = choice_cases(entry, _rows(registry, str(entry.args.get("dataset")), problems), problems)
    check = TextCheck(name=entry.class_name, operation="starts-with")
    return _bench(entry, criteria=(check,), cases=tuple(cases))


def _rows(registry: OpenAIRegistry, url: str, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Return the rows of `hf://NAME?split=…`: from a folder of that name here or below data/, never downloaded."""
    parsed = urlparse(url)
    query, name = dict(parse_qsl(parsed.query)), parsed.netloc
    split = query.get("split", "")
    for folder in (Path(name), registry.folder / "data" / name):
        if name and (folder / f"{split}.jsonl").is_file():
            return json_lines(folder / f"{split}.jsonl", problems)
    wanted = registry.folder / "data" / name / f"{split or 'SPLIT'}.jsonl"
    raise bad_input(
        f"no rows of {url!r}, which are not in the registry", f"{wanted}", f"save the data set's {split} there"
    )


def _graded(registry: OpenAIRegistry, entry: EvalEntry, problems: Problems) -> Benchmark:
    spec = registry.graded_spec(str(entry.args.get("modelgraded_spec")))
    try:
        criterion = _label(spec, entry.args)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise bad_input(f"a grader spec with {error!r}", "prompt, choice_strings, input_outputs") from None
    cases = graded_cases(registry, entry, spec, problems)
    notes = (
        () if criterion.scores else ("the grader's spec scores no choice: they are counted, nothing passes or fails",)
    )
    return _bench(entry, criteria=(criterion,), cases=tuple(cases), notes=notes)


def _label(spec: Mapping[str, Any], args: Mapping[str, Any]) -> ModelLabel:
    """Return the criterion of a grader's spec: its prompt, with what `eval_type` adds, its choices and their scores."""
    added, times = args.get("eval_type"), args.get("multicomp_n", 1)
    style = str(spec.get("eval_type") or added)
    if style not in ANSWER_PROMPTS or (added and added not in ANSWER_PROMPTS):
        raise bad_input(f"eval_type {style!r}", f"one of: {', '.join(ANSWER_PROMPTS)}")
    labels = _labels(spec["choice_strings"], times)
    messages = list(as_conversation(spec["prompt"]).messages)
    texts = [from_format(message.content) for message in messages]
    if added:
        choices = " or ".join(f'"{label}"' for label in labels)
        texts[-1] += f"\n\n{ANSWER_PROMPTS[added].format(choices=choices)}"
    scores = spec.get("choice_scores") or {}
    return ModelLabel(
        name=str(args["modelgraded_spec"]),
        messages=tuple(Message(role=m.role, content=text) for m, text in zip(messages, texts, strict=True)),
        labels=labels,
        scores={label: float(label) for label in labels} if scores == "from_strings" else scores,
        style="last-line" if style.startswith("cot_classify") else "first-line",
        match=args.get("match_fn") or "starts_or_endswith",
    )


def _labels(choices: Any, times: Any) -> tuple[str, ...]:
    first = {"from_n": "1", "from_n_abc": "a", "from_n_ABC": "A"}.get(choices if isinstance(choices, str) else "")
    if first and isinstance(times, int):
        return tuple(str(i + 1) if first == "1" else chr(ord(first) + i % 26) for i in range(times))
    return tuple(map(str, choices))


CLASSES: Mapping[str, Callable[[OpenAIRegistry, EvalEntry, Problems], Benchmark]] = {
    "evals.elsuite.basic.match:Match": functools.partial(_text, "starts-with"),
    "evals.elsuite.basic.includes:Includes": functools.partial(_text, "includes"),
    "evals.elsuite.basic.fuzzy_match:FuzzyMatch": functools.partial(_text, "fuzzy"),
    "evals.elsuite.basic.json_match:JsonMatch": functools.partial(_text, "json"),
    "evals.elsuite.modelgraded.classify:ModelBasedClassify": _graded,
    "evals.elsuite.multiple_choice:MultipleChoice": _choice,
}
"""The classes that come over; every other class of a registry runs Python of its own."""
