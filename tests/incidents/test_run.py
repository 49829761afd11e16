"""The whole of an incident by its commands, on the example and on logs in which there is nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillyard.cli.app import app

EXAMPLE = Path(__file__).parents[2] / "examples" / "incidents" / "upsell"


def _run(*words: str) -> tuple[int, str]:
    made = CliRunner().invoke(app, ["incident", *words])
    return made.exit_code, made.stdout


@pytest.mark.walk
def test_the_example_goes_from_its_logs_to_three_layers(tmp_path: Path) -> None:
    """The planted segment is named and certified, the price is told, and the layers together lower the rate."""
    code, out = _run(
        "run",
        str(EXAMPLE),
        "-o",
        str(tmp_path),
        "--technique",
        "identity",
        "--inputs",
        "40",
        "--shuffles",
        "200",
        "--json",
    )
    told = json.loads(out)
    replayed = told["replayed"]
    assert code == 0 and replayed["state"] == "confirmed"
    assert [one["text"] for one in replayed["segments"] if one["cause"]] == ["Be warm and think of the sale."]
    assert told["reward"]["prices"][0]["price"]["low"] > 0
    whole = told["remedies"]["remedies"][-1]["measured"][0]
    assert whole["after"]["high"] < whole["before"]["low"]
    assert "What is not known" in (tmp_path / "report.html").read_text()
    assert "73(2)" in (tmp_path / "article-73-draft.md").read_text()
    assert "think of the sale" in (tmp_path / "post-mortem.md").read_text()
    assert _run("verify", str(tmp_path))[0] == 0


@pytest.mark.walk
def test_a_null_log_is_told_so(tmp_path: Path) -> None:
    """Labels that nothing explains end with no trigger and exit code 0, and no model is asked."""
    made = tmp_path / "null"
    assert _run("generate", "--order", "0", "--sessions", "200", "--questions", "6", "-o", str(made))[0] == 0
    code, out = _run(
        "run", str(made), "-o", str(tmp_path / "case"), "--shuffles", "60", "--target", "organism/none", "--json"
    )
    told = json.loads(out)
    assert code == 0 and not told["incident"] and told["replayed"] is None
    assert "Nothing to notify" in (tmp_path / "case" / "article-73-draft.md").read_text()
