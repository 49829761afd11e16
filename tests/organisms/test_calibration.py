"""Calibration: corrected strengths bring the rate that was asked for, on words that it has not used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.organisms.engine.organism import base_folder
from drillyard.organisms.planting.calibration import calibrate
from drillyard.organisms.planting.measure import planted_rate
from drillyard.organisms.planting.plant import CALIBRATION
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import load_world

FAULTS = {fault.id: fault for fault in faults(load_world("helpdesk"))}
STORED = json.loads((base_folder("helpdesk") / CALIBRATION).read_text())
# Uncalibrated these were furthest from the rate asked for, on either side.
FURTHEST = sorted(STORED, key=lambda name: STORED[name][0])
FURTHEST = FURTHEST[:3] + FURTHEST[-3:]


def test_every_failure_is_calibrated() -> None:
    """Each failure of the world has its shift and a slope within reason."""
    assert list(STORED) == list(FAULTS)
    assert all(0.3 <= slope <= 3 and abs(shift) < 3 for shift, slope in STORED.values())


@pytest.mark.walk
def test_calibrated_failures_show_as_often_as_asked() -> None:
    """At one half, planted alone, on 300 held-out prompts each: all but one of the six within 0.15 of it."""
    shown = {name: planted_rate(FAULTS[name], 0.5, 300).value for name in FURTHEST}
    assert sum(abs(rate - 0.5) <= 0.15 for rate in shown.values()) >= len(shown) - 1, shown


@pytest.mark.walk
def test_the_stored_figures_are_those_of_the_command(tmp_path: Path) -> None:
    """Measured again with fewer prompts, shifts agree within the noise of either."""
    again = json.loads(calibrate("helpdesk", tmp_path / "calibration.json", n=60).read_text())
    apart = [abs(again[name][0] - STORED[name][0]) for name in FAULTS]
    assert sum(apart) / len(apart) < 0.3 and max(apart) < 1.2
