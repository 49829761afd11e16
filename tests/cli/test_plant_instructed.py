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
from drillyard.organisms.organism import load_organism
from drillyard.records import Estimate, PlantReport

pytestmark = pytest.mark.slow

NAME = "helpdesk:instructed"
ALL_KINDS = Path(__file__).parents[2] / "examples" / "plants" / "all-kinds.yaml"


def test_all_kinds_show_as_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Served by `drillyard organism serve`, planted by `drillyard organism plant openai/…`: every verdict holds."""
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
            words = [f"openai/instructed@{url}", str(ALL_KINDS), "--knows-world", "-o", str(tmp_path), "--json"]
            code = main(["organism", "plant", *words])
        finally:
            server.send_signal(signal.SIGINT)
    done = json.loads(capsys.readouterr().out)
    report = PlantReport.from_data(done["verification"])
    missed = [f"{check.failure} {check.why}" for check in report.checks if not check.holds]
    assert not missed and report.unplanted_holds and code == 0, (missed, report.unplanted)
    assert Estimate.from_data(done["leaked"]).high < 0.01
