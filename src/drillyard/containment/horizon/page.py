"""horizon.html: one self-contained page with risk curve, tornado, stress matrix and fault tree."""

from __future__ import annotations

from pathlib import Path

from drillyard.containment.horizon.drawing import draw_curve, draw_tornado, draw_tree
from drillyard.containment.horizon.report import HorizonReport
from drillyard.records.files import write_atomically
from drillyard.records.pages import fill

__all__ = ["MARKS", "render_horizon", "write_horizon"]

MARKS = {"survives": "●", "degrades": "◐", "void": "▲", "floored": "▁", "nothing": "–"}


def render_horizon(report: HorizonReport, command: str = "") -> bytes:
    """Return the page; every name is escaped and nothing is loaded from elsewhere."""
    bars, ticks = draw_tornado(report)
    return fill(
        "containment",
        "horizon.html.j2",
        report=report,
        curve=draw_curve(report.risk, report.spec.limit),
        bars=bars,
        ticks=ticks,
        tree=draw_tree(report.tree.tree),
        marks=MARKS,
        command=command,
    ).encode()


def write_horizon(report: HorizonReport, folder: Path, command: str = "") -> Path:
    """Write page and data into a folder and return the page. Raises `BadInput` where nothing can be written."""
    write_atomically(folder / "horizon.json", report.to_json(indent=2).encode())
    write_atomically(folder / "horizon.html", render_horizon(report, command))
    return folder / "horizon.html"
