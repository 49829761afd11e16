"""Inspect datasets in: JSON, JSON lines and CSV, choices, other columns, and broken samples by their place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from drillyard.bench.inspect_data import import_dataset
from drillyard.bench.judging import judge_case
from drillyard.bench.lines import Problems
from drillyard.errors import BadInput

SAMPLES = [
    {"input": "How much?", "target": "49"},
    {"id": "b", "input": [{"role": "user", "content": "Colour?"}], "target": ["red", "green"]},
]


@pytest.mark.parametrize("name", ["s.json", "s.jsonl", "s.jsonl.gz"])
def test_samples_become_cases(tmp_path: Path, name: str) -> None:
    """Texts and messages are prompts, targets right answers; ids are kept, or the number from 1."""
    lines = "".join(f"{json.dumps(sample)}\n" for sample in SAMPLES)
    text = json.dumps(SAMPLES) if name == "s.json" else lines
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    bench = import_dataset(tmp_path / name, Problems())
    assert [case.id for case in bench.cases] == ["1", "b"]
    assert [case.ideal for case in bench.cases] == [("49",), ("red", "green")]
    assert bench.criteria[0].name == "includes"


def test_csv_and_other_columns(tmp_path: Path) -> None:
    """A CSV with its own column names, read by --field."""
    (tmp_path / "s.csv").write_text('question,answer\n"How much, please?",49\n')
    bench = import_dataset(tmp_path / "s.csv", Problems(), "exact", {"input": "question", "target": "answer"})
    assert bench.cases[0].asks[0].conversation.last_user == "How much, please?"
    assert bench.cases[0].ideal == ("49",) and bench.criteria[0].name == "exact"


def test_choices_ask_for_a_letter(tmp_path: Path) -> None:
    """The question is worded as Inspect's multiple_choice solver words it."""
    sample = {"input": "Which colour?", "choices": ["red", "blue"], "target": "B"}
    (tmp_path / "s.json").write_text(json.dumps([sample]))
    bench = import_dataset(tmp_path / "s.json", Problems())
    text = bench.cases[0].asks[0].conversation.last_user
    assert text.endswith("LETTER is one of A,B.\n\nWhich colour?\n\nA) red\nB) blue")
    assert bench.criteria[0].name == "choice"


def test_several_right_answers(tmp_path: Path) -> None:
    """One sample with several makes a file that asks for letters; the right ones are all and only those."""
    samples = [
        {"input": "Squares?", "choices": ["3", "4", "9"], "target": ["C", "B"]},
        {"input": "Even?", "choices": ["3", "4", "9"], "target": "b"},
    ]
    (tmp_path / "s.json").write_text(json.dumps(samples))
    bench = import_dataset(tmp_path / "s.json", Problems())
    assert [case.ideal for case in bench.cases] == [("B,C",), ("B",)]
    assert "LETTERS is one or more of A,B,C" in bench.cases[1].asks[0].conversation.last_user
    (check,) = bench.criteria
    said = {
        "ANSWER: B, C": ["passed", "failed"],
        "ANSWER: (B)": ["failed", "passed"],
        "ANSWER: CB": ["passed", "failed"],
    }
    assert said == {
        text: [judge_case(check, case, {"completion": text}).verdict for case in bench.cases] for text in said
    }


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.jsonl", '{"input": "x", "target": "y"}\n{"input": "x"}\n', "s.jsonl line 2: found a sample without target"),
        ("s.jsonl", '{"input": "x", "target": "y"}\n\n', "s.jsonl line 2: an empty line"),
        ("s.json", '[{"target": "y"}]', "s.json sample 1: found a sample without input"),
        ("s.csv", "input,target\n,x\n", "s.csv row 1: found a sample without input"),
        (
            "s.json",
            '[{"input": "x", "target": "C", "choices": ["a", "b"]}]',
            "beside 2 choices, expected one or more of A",
        ),
        ("s.json", '[{"input": "x", "target": "AA", "choices": ["a", "b"]}]', "'AA' beside 2 choices"),
        ("s.json", "{}", "without a list of objects"),
        ("s.json", "[", "broken JSON"),
        ("s.txt", "x", "a .json, .jsonl or .csv file"),
        ("s.jsonl", "", "no sample in"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    """The place and what was found, on one line."""
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput) as caught:
        import_dataset(tmp_path / name, Problems())
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_the_rest_is_used_when_asked_for(tmp_path: Path) -> None:
    """With skip the broken sample is left out and noted."""
    (tmp_path / "s.jsonl").write_text('{"input": "x"}\n{"input": "x", "target": "y"}\n')
    problems = Problems(skip=True)
    assert len(import_dataset(tmp_path / "s.jsonl", problems).cases) == 1
    assert len(problems.told) == 1
