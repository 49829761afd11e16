"""Seeds from files: both forms, broken lines told by number, nothing half-read without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.audits.seeding.seeds import Seed, read_seeds
from drillyard.errors import BadInput

TEMPLATES = ("", "v1", "v2")
GOOD = [Seed(prompt="Hi, a code?", hazard="codes", template="v2"), Seed(prompt="So, what?")]


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines_and_csv_say_the_same(tmp_path: Path) -> None:
    """Class and template may be left out; a comma in quotes is part of the prompt; doubles count once."""
    lines = '{"prompt": "Hi, a code?", "class": "codes", "template": "v2"}\n\n{"prompt": "So, what?"}\n'
    table = 'prompt,class,template\n"Hi, a code?",codes,v2\n"So, what?",,\n"So, what?",,\n'
    assert list(read_seeds(write(tmp_path, "a.jsonl", lines), TEMPLATES)) == GOOD
    assert list(read_seeds(write(tmp_path, "a.csv", table), TEMPLATES)) == GOOD
    assert GOOD[0].kind == "seed:codes" and GOOD[1].kind == "seed:any"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("{broken", "'{broken'"),
        ('["a"]', "['a']"),
        ('{"class": "x"}', "no prompt"),
        ('{"prompt": "  "}', "no prompt"),
        ('{"prompt": 3}', "prompt '3'"),
        ('{"prompt": "a", "word": "b"}', "the field 'word'"),
        ('{"prompt": "a", "template": "v9"}', "template 'v9'"),
    ],
)
def test_a_broken_line_is_told_by_its_number(line: str, found: str, tmp_path: Path) -> None:
    """It stops the reading, unless it is to be skipped, and then it is told."""
    path = write(tmp_path, "a.jsonl", f'{{"prompt": "good"}}\n{line}\n')
    with pytest.raises(BadInput, match="line 2: found .*; correct it, or use --skip-bad") as problem:
        read_seeds(path, TEMPLATES)
    assert found in str(problem.value)
    told: list[str] = []
    assert read_seeds(path, TEMPLATES, skip_bad=True, tell=told.append) == (Seed(prompt="good"),)
    assert len(told) == 1 and "line 2" in told[0]


def test_files_without_a_seed_are_refused(tmp_path: Path) -> None:
    """Nothing there, nothing in it, nothing left of it, or no text."""
    with pytest.raises(BadInput, match="cannot be read"):
        read_seeds(tmp_path / "none.csv", TEMPLATES)
    with pytest.raises(BadInput, match="no seed in"):
        read_seeds(write(tmp_path, "a.csv", "prompt\n"), TEMPLATES)
    with pytest.raises(BadInput, match="no seed in"):
        read_seeds(write(tmp_path, "a.jsonl", "{"), TEMPLATES, skip_bad=True)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        read_seeds(tmp_path / "b.csv", TEMPLATES)
