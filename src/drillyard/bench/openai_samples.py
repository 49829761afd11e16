"""From the samples of an OpenAI Evals registry to cases, class by class; prompts are built as its classes build them.

Source: openai/evals 3.0.1.post1, `elsuite/basic/*.py`, `elsuite/multiple_choice.py`, `elsuite/modelgraded/classify.py`.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drillyard.bench.lines import Problems, json_lines
from drillyard.bench.openai_registry import EvalEntry, OpenAIRegistry
from drillyard.bench.prompts import as_conversation, as_text
from drillyard.errors import bad_input
from drillyard.records import BenchAsk, BenchCase

__all__ = ["SEED", "choice_cases", "graded_cases", "ideal_of", "match_cases", "samples"]

SEED = 20220722
"""The seed that `oaieval` uses unless told otherwise; it shuffles the answers of multiple choice."""


def samples(registry: OpenAIRegistry, path: object, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield index and object of every sample of a file, or of all `.jsonl` files of a folder. Raises `BadInput`."""
    if not isinstance(path, str):
        raise bad_input(f"samples_jsonl {path!r}", "the path of a file below data/")
    place = registry.data(path)
    files = sorted(place.rglob("*.jsonl")) if place.is_dir() else [place]
    offset = 0
    for file in files:
        last = -1
        for last, sample in json_lines(file, problems):
            yield offset + last, sample
        offset += last + 1


def match_cases(
    registry: OpenAIRegistry, entry: EvalEntry, problems: Problems, *, as_json: bool = False
) -> list[BenchCase]:
    """Return the cases of Match, Includes, FuzzyMatch and JsonMatch, examples (few-shot) put in."""
    shots, path = _shots(registry, entry.args, problems), entry.args.get("samples_jsonl")
    make = functools.partial(_match_case, entry.name, shots, as_json)
    return problems.cases(f"{path} line", samples(registry, path, problems), make)


def _match_case(
    name: str, shots: list[dict[str, Any]], as_json: bool, index: int, sample: Mapping[str, Any]
) -> BenchCase:
    prompt = _field(sample, "input")
    if shots:
        if not isinstance(prompt, list):
            raise bad_input("a text as input", "messages, as the eval puts examples between them")
        prompt = [*prompt[:-1], *shots, *prompt[-1:]]
    ideal = ideal_of(_field(sample, "ideal"), as_json=as_json)
    return BenchCase(id=_case_id(name, index), asks=(BenchAsk(conversation=as_conversation(prompt)),), ideal=ideal)


def ideal_of(value: object, *, as_json: bool = False) -> tuple[str, ...]:
    """Return right answers as texts; with `as_json` each must be JSON. Raises `BadInput`."""
    listed: list[Any] = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(item, str) for item in listed):
        raise bad_input(f"ideal {str(value)[:80]!r}", "a text, or a list of texts")
    for text in listed if as_json else ():
        try:
            json.loads(text)
        except ValueError:
            raise bad_input(f"ideal {text[:80]!r}", "JSON, as this eval compares JSON") from None
    return tuple(listed)


def _case_id(name: str, index: int) -> str:
    """Return the id that `oaieval` gives a sample: base, split, index."""
    return ".".join([*name.split(".")[:2], str(index)])


def _shots(registry: OpenAIRegistry, args: Mapping[str, Any], problems: Problems) -> list[dict[str, Any]]:
    """Return the messages of the first `num_few_shot` examples."""
    count = int(args.get("num_few_shot") or 0)
    if not count:
        return []
    lines = list(samples(registry, args.get("few_shot_jsonl"), Problems(skip=problems.skip)))
    return [message for _, line in lines[:count] for message in _field(line, "sample")]


def graded_cases(
    registry: OpenAIRegistry, entry: EvalEntry, spec: Mapping[str, Any], problems: Problems
) -> list[BenchCase]:
    """Return the cases of ModelBasedClassify: one ask per input of the grader's spec that has no completion yet."""
    times, path = entry.args.get("multicomp_n", 1), entry.args.get("samples_jsonl")
    if not isinstance(times, int):
        raise bad_input(f"multicomp_n {times!r}", "a number; one target is asked at a time")
    make = functools.partial(_graded_case, entry, spec, times)
    return problems.cases(f"{path} line", samples(registry, path, problems), make)


def _graded_case(
    entry: EvalEntry, spec: Mapping[str, Any], times: int, index: int, sample: Mapping[str, Any]
) -> BenchCase:
    asks, values = [], {"n": times, **sample}
    for question, answer in spec["input_outputs"].items():
        prompt = _field(sample, question)
        # The grader sees a question's braces doubled, because oaieval does; the target does not.
        values[question] = _doubled(prompt)
        if answer not in sample:
            join = str(spec.get("output_template") or "") if times > 1 else ""
            asks.append(BenchAsk(name=answer, conversation=as_conversation(prompt), times=times, join=join))
    values |= dict(entry.args.get("modelgraded_spec_args") or {})
    shown = {name: as_text(value) for name, value in values.items()}
    return BenchCase(id=_case_id(entry.name, index), asks=tuple(asks), values=shown)


def _doubled(prompt: Any) -> Any:
    if isinstance(prompt, str):
        return prompt.replace("{", "{{").replace("}", "}}")
    if not isinstance(prompt, list):
        return prompt
    return [{**message, "content": _doubled(message.get("content"))} for message in prompt if isinstance(message, dict)]


def choice_cases(
    entry: EvalEntry, rows: Iterable[tuple[int, Mapping[str, Any]]], problems: Problems
) -> list[BenchCase]:
    """Return the cases of MultipleChoice; answers are shuffled by the same stream as in `oaieval`."""
    return problems.cases(f"{entry.args.get('dataset')} row", rows, functools.partial(_choice_case, entry))


def _choice_case(entry: EvalEntry, index: int, row: Mapping[str, Any]) -> BenchCase:
    question, answers, label = _row(row)
    name, order = _case_id(entry.name, index), list(range(len(answers)))
    random.Random(f"{name}:{SEED}".encode()).shuffle(order)
    options = "\n".join(f"{chr(65 + place)}) {answers[j]}" for place, j in enumerate(order))
    head = f"{entry.args.get('instructions') or ''}\nPlease answer with the letter of the correct answer."
    ask = BenchAsk(conversation=as_conversation(f"{head}\n\n{question}\n{options}"))
    return BenchCase(id=name, asks=(ask,), ideal=(chr(65 + order.index(label)),))


def _row(row: Mapping[str, Any]) -> tuple[str, list[str], int]:
    """Return question, answers and the right one's number, from the columns of hellaswag or hendrycks_test."""
    question, answers = row.get("ctx", row.get("question")), row.get("endings", row.get("choices"))
    label = row.get("label", row.get("answer"))
    if not isinstance(question, str) or not isinstance(answers, list) or not str(label).isdecimal():
        expected = "ctx, endings, label (hellaswag) or question, choices, answer (hendrycks_test)"
        raise bad_input(f"columns {', '.join(row)}", expected)
    if int(str(label)) >= len(answers):
        raise bad_input(f"the right answer {label}", f"a number below {len(answers)}")
    return question, answers, int(str(label))


def _field(sample: Mapping[str, Any], name: str) -> Any:
    if name not in sample:
        raise bad_input(f"a sample without {name!r}", f"the keys of this class; it has: {', '.join(sample)}")
    return sample[name]
