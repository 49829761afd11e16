"""The units of systemd that ship: systemd itself reads them, and the commands in them are ours."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillyard.cli.app import app

UNITS = sorted((Path(__file__).resolve().parents[1] / "examples" / "service").glob("*.service"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_a_unit_and_finds_it_closed(unit: Path, tmp_path: Path) -> None:
    """No unknown setting or value (each is a line), and little that a broken process reaches: at most 2.5 of 10."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/drillyard/bin/drillyard", sys.executable))
    asked = ["verify", "--man=no", str(copy)], ["security", "--offline=true", "--threshold=25", str(copy)]
    for words in asked:
        found = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False)
        assert found.returncode == 0, found.stdout[-2000:] + found.stderr
        assert unit.name not in found.stderr, found.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_command_of_a_unit_is_one_of_ours(unit: Path) -> None:
    """Each option in it is known to the command."""
    (line,) = [one for one in unit.read_text().splitlines() if one.startswith("ExecStart=")]
    program, *words = shlex.split(line.removeprefix("ExecStart="))
    assert program.endswith("/drillyard")
    found = CliRunner().invoke(app, [*words, "--help"])
    assert found.exit_code == 0 and "No such option" not in found.output
    options = [one for one in words if one.startswith("--")]
    assert all(one in found.output for one in options), options
