"""`drillyard incident …` from generated logs to a confirmed trigger, as somebody would type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.cli.app import main


def told(capsys: pytest.CaptureFixture[str], code: int, *words: object) -> str:
    """Type a command, expect its exit code, return what it printed."""
    assert main(["incident", *map(str, words)]) == code
    return capsys.readouterr().out


@pytest.mark.walk
def test_the_way_from_logs_to_a_sealed_trigger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Real replies of a planted organism; a change beneath the seal is named."""
    logs, case = tmp_path / "made" / "logs", tmp_path / "case"
    truth = json.loads(told(capsys, 0, "generate", "-o", logs.parent, "--sessions", 250, "--questions", 5, "--json"))
    assert truth["bad"] > 20 and (logs.parent / "organism" / "neurons.safetensors").is_file()
    opened = json.loads(told(capsys, 0, "open", logs, "-o", case, "--behaviour", "pressure-selling", "--json"))
    assert opened["coverage"]["usable"] == truth["rows"]
    report = json.loads(told(capsys, 0, "slice", case, "--shuffles", 99, "--json"))
    assert [[one["feature"], one["value"]] for one in report["rules"][0]["selectors"]] == truth["cause"]
    assert "Be warm and think of the sale." in told(capsys, 0, "slice", case)
    assert told(capsys, 0, "verify", case).startswith("● All 6 files")
    (case / "coverage.json").write_text("{}")
    assert "changed coverage.json" in told(capsys, 1, "verify", case, "--head", opened["seal"]["head"])
    with pytest.raises(AssertionError):
        told(capsys, 0, "generate", "-o", logs.parent)  # there is something in it: exit code 2


def test_deadlines_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With the paragraph and the source."""
    said = told(capsys, 0, "deadlines", "--aware", "2026-02-20", "--today", "2026-02-21")
    assert "2026-03-07" in said and "73(3)" in said and "https://" in said
