"""`drillyard contain incentives`: the oracle's diagrams by default, a page when asked, exits 0, 1 and 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.containment.incentives.report import IncentiveReport


def test_the_oracle_is_judged_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict, each diagram, the limits, and the page as the next command; JSON is the same report."""
    assert main(["contain", "incentives", "-o", str(tmp_path / "page")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("● 3 of 5 mitigations take every incentive to control away: erased, frozen, episodic")
    assert "This does not show how large" in out and f"next: open {tmp_path}/page/incentives.html" in out
    assert "drillyard contain incentives --out" in (tmp_path / "page" / "incentives.html").read_text()
    assert main(["contain", "incentives", "--json"]) == 0
    report = IncentiveReport.from_data(json.loads(capsys.readouterr().out))
    assert report == IncentiveReport.from_json((tmp_path / "page" / "incentives.json").read_text())


def test_an_incentive_fails_and_a_cycle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 names what can be steered, also with several decisions; exit 2 names the cycle."""
    path = tmp_path / "mine.yaml"
    path.write_text("edges: [[a, b], [b, c], [d, c]]\ndecisions: [a, d]\nutilities: [c]\nprotected: [b]\n")
    assert main(["contain", "incentives", str(path), "-o", str(tmp_path)]) == 1
    assert "is possible in diagram: b" in capsys.readouterr().out
    path.write_text("edges: [[a, b], [b, a]]\ndecisions: [a]\nutilities: [b]\n")
    assert main(["contain", "incentives", str(path)]) == 2
    error = capsys.readouterr().err
    assert "a -> b -> a" in error and error.count("\n") == 1
