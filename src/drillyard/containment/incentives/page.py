"""incentives.html: one self-contained page with every diagram drawn and its incentives marked."""

from __future__ import annotations

from pathlib import Path

from drillyard.containment.incentives.drawing import draw
from drillyard.containment.incentives.report import IncentiveReport
from drillyard.records.files import write_atomically
from drillyard.records.pages import fill

__all__ = ["render_incentives", "write_incentives"]


def render_incentives(report: IncentiveReport, command: str = "") -> bytes:
    """Return the page; every name is escaped and nothing is loaded from elsewhere."""
    drawn = [(one, draw(one)) for one in report.reports]
    return fill("containment", "incentives.html.j2", report=report, drawn=drawn, command=command).encode()


def write_incentives(report: IncentiveReport, folder: Path, command: str = "") -> Path:
    """Write page and data into a folder and return the page. Raises `BadInput` where nothing can be written."""
    write_atomically(folder / "incentives.json", report.to_json(indent=2).encode())
    write_atomically(folder / "incentives.html", render_incentives(report, command))
    return folder / "incentives.html"
