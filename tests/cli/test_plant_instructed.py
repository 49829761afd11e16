"""Planting by prompt in a model that follows rules: our own, behind our own server, one failure of every kind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.organisms.engine.organism import load_organism
from drillyard.records import Estimate, PlantReport

pytestmark = pytest.mark.walk

NAME = "helpdesk:instructed"
ALL_KINDS = Path(__file__).parents[2] / "examples" / "plants" / "all-kinds.yaml"


def test_most_kinds_show_as_asked_and_the_rest_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Served by `drillyard organism serve` and planted by `drillyard organism plant openai/…`, seventeen rules at once.

    The model is small and loses some of many rules, so not all verdicts hold; docs/log.md has the figures.
    """
    pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")
    try:
        load_organism(NAME)
    except BadInput as missing:
        pytest.skip(f"needs the organism {NAME}, which is not there: {missing}")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    command = [sys.executable, "-m", "drillyard", "organism", "serve", f"instructed={NAME}", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = json.loads(server.stdout.readline())["url"]
            words = [f"openai/instructed@{url}", str(ALL_KINDS), "--knows-rules", "-n", "300", "-o", str(tmp_path)]
            code = main(["organism", "plant", *words, "--json"])
        finally:
            server.send_signal(signal.SIGINT)
    done = json.loads(capsys.readouterr().out)
    report = PlantReport.from_data(done["verification"])
    missed = [f"{check.failure} {check.why}" for check in report.checks if not check.holds]
    assert len(report.checks) == 17 and len(missed) <= 6, missed
    assert code == (0 if report.holds else 1)
    assert all(check.twin.value <= 0.01 and check.twin.high < 0.08 for check in report.checks)
    assert all(check.measured.low > 0.5 * check.asked for check in report.checks), missed
    assert Estimate.from_data(done["leaked"]).high < 0.01
