"""`drillyard probe`: verdicts as JSON and words, exit codes, and one line for what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.cli.app import main


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command; return its code, and what it said."""
    code = main(["probe", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_liars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one that knows exits 0 with a page; the blind one exits 1; a finished folder prints what it holds."""
    out = str(tmp_path / "knows")
    asked = ("audit", "liar/knows", "--task", "persona", "--randoms", "1", "--flips", "99", "-o", out, "--json")
    code, first, _ = told(capsys, *asked)
    assert code == 0 and json.loads(first)["verdict"] == "signal"
    assert told(capsys, *asked)[1] == first and (tmp_path / "knows/audit.html").is_file()
    code, words, _ = told(capsys, "audit", "liar/blind", "--task", "persona", "--randoms", "0", "--flips", "99")
    assert code == 1 and words.startswith(
        "▲ Inverted (liar/blind, persona, logistic): read the wrong way round: told to Bob"
    )
    assert "AUROC by split" in words and words.rstrip().splitlines()[-1].startswith("next: ")
    probe = str(tmp_path / "knows/probe.safetensors")
    assert told(capsys, "recheck", "liar/knows", probe, "--task", "persona")[0] == 0


def test_capture_of_ones_own_statements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words on stderr, one JSON document on stdout."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "the lamp is red"}\n{"text": "hello"}\n', encoding="utf-8")
    code, out, _ = told(
        capsys,
        "capture",
        "organism/helpdesk",
        "--texts",
        str(rows),
        "--layers",
        "0,2",
        "-o",
        str(tmp_path / "s"),
        "--json",
    )
    assert code == 0 and json.loads(out)["shape"][:2] == [2, 2]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("audit", "echo/", "--task", "capitals"), "whose inside cannot be read"),
        (("audit", "liar/knows", "--task", "persona", "--layers", "0,9"), "found layer 9"),
        (("audit", "liar/knows", "--task", "persona", "--method", "ccs"), "one that takes labels"),
        (("audit", "liar/knows", "--task", "nothing.jsonl"), "nothing.jsonl"),
        (("capture", "liar/knows", "-o", "x"), "neither of --task and --texts"),
        (("plant", "knows", "-o", "."), "expected a new or empty folder"),
        (("recheck", "liar/knows", "detector.pt", "--task", "persona"), "it would run code"),
        (("recheck", "liar/knows", "nothing.safetensors", "--task", "persona"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: tuple[str, ...],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, found and expected, nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    code, out, err = told(capsys, *words)
    assert code == 2 and not out and line in err.splitlines()[-1] and "Traceback" not in err
