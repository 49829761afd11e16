"""`drillyard contain forecast` and `channel`: numbers, files, one document, one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.containment.channels.spec import ChannelStudy
from drillyard.containment.forecasting.spec import ForecastReport

EXAMPLES = Path(__file__).parents[2] / "examples" / "oracle"


def test_forecast_runs_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The reference case fails its limit, shows every mitigation, and ends in what it does not show."""
    assert main(["contain", "forecast", "--questions", "100"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("▲ Paid by brier, the oracle reports 0.2500 and 0.3500 comes true: gap 0.1000")
    for words in ("fixed points: 0.4167", "20,000 episodes", "zero-sum pair", "does not show", "Erasure that leaks"):
        assert words in out


def test_forecast_as_json_is_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    """The log rule: .2965 and gap .0721, and three outcomes when asked."""
    words = ["--rule", "log", "--limit", "0.08", "--questions", "50", "--outcomes", "3"]
    assert main(["contain", "forecast", *words, "--json"]) == 0
    report = ForecastReport.from_data(json.loads(capsys.readouterr().out))
    assert (round(report.answer.report, 4), round(report.answer.gap, 4)) == (0.2965, 0.0721)
    assert report.three_outcomes is not None and report.three_outcomes.gap > 0.01


def test_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a table beside it, and a channel under its budget; an option on the line wins over the file."""
    assert main(["contain", "forecast", str(EXAMPLES / "forecast.yaml"), "--questions", "50"]) == 0
    assert "fixed points: 0.0500, 0.4333, 0.9250" in capsys.readouterr().out
    assert main(["contain", "channel", str(EXAMPLES / "channel.yaml")]) == 0
    assert main(["contain", "channel", str(EXAMPLES / "channel.yaml"), "--budget", "100"]) == 1


def test_channel_says_its_bits(capsys: pytest.CaptureFixture[str]) -> None:
    """The defaults are the 21-point grid at 50 a day; as JSON the study reads back."""
    assert main(["contain", "channel"]) == 0
    out = capsys.readouterr().out
    assert "at most 4.39 bits an answer, 80,160 bits a year" in out and "does not show" in out
    assert main(["contain", "channel", "--answer", "binary", "--no-refusal", "--json"]) == 0
    assert ChannelStudy.from_data(json.loads(capsys.readouterr().out)).bound.bits == 1


@pytest.mark.parametrize(
    "words",
    [
        ["forecast", "--a", "0.9", "--b", "0.4"],
        ["forecast", "--rule", "brief"],
        ["forecast", "none.yaml"],
        ["forecast", "--erased", "0"],
        ["channel", "--answer", "essay"],
        ["channel", "--slots", "0"],
    ],
)
def test_bad_input_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Found, expected; exit code 2."""
    assert main(["contain", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: found") and said.count("\n") == 1 and "expected" in said
