"""Inspect datasets in: samples as JSON, JSON lines or CSV with `input`, `target`, `choices` and `id`.

Source: inspect_ai 0.3.285, `dataset/_sources/*.py` and `solver/_multiple_choice.py` (the question's wording).
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drillyard.bench.letters import option, right_options
from drillyard.bench.lines import Problems, json_lines, read_text
from drillyard.bench.prompts import as_conversation
from drillyard.errors import BadInput, bad_input
from drillyard.records import BenchAsk, BenchCase, Benchmark, Conversation, TextCheck
from drillyard.records.files import csv_rows

__all__ = ["SCORERS", "dataset_questions", "import_dataset"]

SCORERS: Mapping[str, TextCheck] = {
    "includes": TextCheck(name="includes", operation="ilike"),
    "exact": TextCheck(name="exact", operation="eq"),
    "starts-with": TextCheck(name="starts-with", operation="starts-with"),
    "fuzzy": TextCheck(name="fuzzy", operation="fuzzy"),
    "json": TextCheck(name="json", operation="json"),
}
"""How the samples' targets are looked for; `includes` is Inspect's scorer of that name with its defaults."""

_CHOICE = (
    "Answer the following multiple choice question{several}. The entire content of your response should be of the "
    "following format: 'ANSWER: ${word}' (without quotes) where {word} is {one} of {letters}."
    "\n\n{question}\n\n{choices}"
)
_ONE = {"several": "", "word": "LETTER", "one": "one"}
_SEVERAL = {"several": " where multiple answers may be correct", "word": "LETTERS", "one": "one or more"}
"""How the question is worded where some sample of a file has several right answers."""


def import_dataset(
    path: Path, problems: Problems, scorer: str = "includes", fields: Mapping[str, str] | None = None
) -> Benchmark:
    """Return a dataset as a benchmark; samples with choices ask for a letter.

    Where some sample of a file has several right ones, all of its samples ask for letters.

    Args:
        path: a `.json`, `.jsonl` or `.csv` file; `.gz` behind it is unpacked.
        problems: where broken samples are noted.
        scorer: one of `SCORERS`.
        fields: other names of the columns, such as `{"input": "question"}`.

    Raises:
        BadInput: an unknown scorer, a file that cannot be read, no sample, or some with choices and some without.
    """
    if scorer not in SCORERS:
        raise bad_input(f"scorer {scorer!r}", f"one of: {', '.join(SCORERS)}")
    names = {"input": "input", "target": "target", "choices": "choices", "id": "id", **(fields or {})}
    rows = [
        (number, where, {name: row.get(column) for name, column in names.items()})
        for number, where, row in _samples(path, problems)
    ]
    several = any(_several(sample) for _, _, sample in rows)
    cases, with_choices = [], set()
    for number, where, sample in rows:
        case = problems.attempt(where, functools.partial(_case, number, sample, several))
        if case:
            cases.append(case)
            with_choices.add(bool(sample["choices"]))
    problems.settle()
    if not cases:
        raise bad_input(f"no sample in {str(path)!r}", "samples with input and target")
    if len(with_choices) > 1:
        raise bad_input(f"samples with and without choices in {path.name}", "one kind a file")
    check = (
        TextCheck(name="choice", operation="letters" if several else "letter")
        if with_choices == {True}
        else SCORERS[scorer]
    )
    return Benchmark(id=path.name.split(".")[0], origin="inspect", criteria=(check,), cases=tuple(cases))


def dataset_questions(path: Path, problems: Problems) -> list[Conversation]:
    """Return what the samples of a dataset ask, whatever they expect. Raises `BadInput` as `import_dataset`."""
    asked = [
        problems.attempt(where, functools.partial(_question, row.get("input"), _list(row.get("choices"))))
        for _, where, row in problems.some(path.name, _samples(path, problems))
    ]
    return [conversation for conversation in asked if conversation]


def _samples(path: Path, problems: Problems) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield number from 1, place and fields of every sample."""
    kind = [suffix for suffix in path.suffixes if suffix != ".gz"][-1:]
    if kind == [".jsonl"]:
        yield from ((index + 1, f"{path.name} line {index + 1}", row) for index, row in json_lines(path, problems))
    elif kind == [".json"]:
        try:
            rows = json.loads(read_text(path))
        except (ValueError, RecursionError) as error:
            raise bad_input(f"broken JSON in {path.name} ({error})", "a list of samples") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise bad_input(f"{path.name} without a list of objects", "a list of samples with input and target")
        yield from ((number, f"{path.name} sample {number}", row) for number, row in enumerate(rows, start=1))
    elif kind == [".csv"]:
        try:
            for number, row in enumerate(csv_rows(read_text(path)), start=1):
                yield number, f"{path.name} row {number}", row
        except csv.Error as error:
            raise bad_input(f"broken CSV in {path.name} ({error})", "comma-separated text") from None
    else:
        raise bad_input(f"{str(path)!r}", "a .json, .jsonl or .csv file of samples")


def _several(sample: Mapping[str, Any]) -> bool:
    """Say whether a sample has several right answers."""
    choices = _list(sample["choices"])
    try:
        return bool(choices) and len(right_options(sample["target"], len(choices))) > 1
    except BadInput:
        return False


def _case(number: int, sample: Mapping[str, Any], several: bool) -> BenchCase:
    target, choices = sample["target"], _list(sample["choices"])
    conversation = _question(sample["input"], choices, several)
    targets = [str(item) for item in target] if isinstance(target, list) else [] if target is None else [str(target)]
    if not targets:
        raise bad_input("a sample without target", "a text or a list of texts", "--field target=COLUMN")
    if choices:
        targets = [",".join(right_options(target, len(choices)))]
    name = sample["id"]
    case = str(number) if name is None or name == "" else str(name)
    return BenchCase(id=case, asks=(BenchAsk(conversation=conversation),), ideal=tuple(targets))


def _question(asked: Any, choices: list[str], several: bool = False) -> Conversation:
    if not asked:
        raise bad_input("a sample without input", "a text or messages", "--field input=COLUMN names another column")
    return as_conversation(_multiple(asked, choices, several) if choices else asked)


def _multiple(asked: Any, choices: list[str], several: bool) -> str:
    if not isinstance(asked, str):
        raise bad_input("messages beside choices", "a text as input")
    letters = [option(number) for number in range(len(choices))]
    lines = "\n".join(f"{letter}) {choice}" for letter, choice in zip(letters, choices, strict=True))
    words = _SEVERAL if several else _ONE
    return _CHOICE.format(letters=",".join(letters), question=asked, choices=lines, **words)


def _list(value: Any) -> list[str]:
    """Return choices as a list; in CSV they are JSON or parted by commas, as in Inspect."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            value = [part.strip() for part in value.split(",")]
    return [str(item) for item in value] if isinstance(value, list) else []
