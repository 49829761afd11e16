"""`drillyard contain game`: runs without a file, reads one, exits 1 on a criterion and 2 on bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.containment.games.report import GameReport

EXAMPLE = Path(__file__).parents[2] / "examples" / "oracle" / "game.yaml"


@pytest.mark.walk
def test_the_example_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """The file beside the docs and no file at all give the same report; every number of people is in the data."""
    assert main(["contain", "game", "--runs", "500", "--json"]) == 0
    report = GameReport.from_data(json.loads(capsys.readouterr().out))
    assert main(["contain", "game", str(EXAMPLE), "--runs", "500", "--json"]) == 0
    assert GameReport.from_data(json.loads(capsys.readouterr().out)) == report
    assert report.rows[1].solution.loss == pytest.approx(0.7261, abs=5e-5)


def test_people_see_levels_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict first, all protocols, the four levels, and what it does not show as the last line."""
    assert main(["contain", "game", "--runs", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("● Worst-case loss 0.515 at budget 0.3, a threshold 0.784, certified")
    text = "\n".join(lines)
    assert "resample-incriminate" in text and "levels: 0 knows nothing; 1 " in text
    assert "This does not show safety against attacks outside" in text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("most_loss: 0.1", 1, ""),
        ("budgets: [1.5]", 2, "less than or equal to 1"),
        ("setting: {success: 2}", 2, "'setting.success'"),
        ("protocol_budget: 0.95", 2, "at most 1 together"),
        ("protocols: []", 2, "'protocols'"),
    ],
)
def test_criteria_fail_and_bad_files_are_refused(
    words: str, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A limit that no policy holds exits 1; what cannot be played exits 2 in one line."""
    path = tmp_path / "game.yaml"
    path.write_text(words)
    assert main(["contain", "game", str(path), "--runs", "200"]) == code
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(error) == (code == 2) and all(said in line for line in error)
