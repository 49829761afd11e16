"""Figures of the long horizon in SVG units: risk curve, tornado, and the fault tree laid out from its top."""

from __future__ import annotations

from dataclasses import dataclass

from drillyard.containment.horizon.faulttree import FaultTree
from drillyard.containment.horizon.report import HorizonReport
from drillyard.containment.horizon.risk import RiskReport
from drillyard.records.charts import LinearAxis, path

__all__ = ["Bar", "Box", "DrawnCurve", "Tree", "draw_curve", "draw_tornado", "draw_tree"]

_ROW, _COLUMN, _WIDE = 40, 190, 172


@dataclass(frozen=True, kw_only=True)
class DrawnCurve:
    """Paths of the risk over the years: mean without flaw, band and points with it, the limit, ticks of both axes."""

    mean: str
    points: tuple[tuple[float, float], ...]
    band: str
    limit: float
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One assumption in the tornado: from its easy to its hard end."""

    words: str
    y: float
    easy: float
    hard: float
    centre: float
    breaks: bool


@dataclass(frozen=True, kw_only=True)
class Box:
    """A gate or an event at its place, and a line to its parent."""

    words: str
    kind: str
    x: float
    y: float
    line: str


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A whole fault tree; an event that several gates share stands once under each."""

    width: float
    height: float
    boxes: tuple[Box, ...]


def draw_curve(found: RiskReport, limit: float) -> DrawnCurve:
    """Draw mean risk by year, both axes linear, with 5 % to 95 % of draws (straight between reported years)."""
    top = min(1.0, max(*found.curve_high, limit, found.at[-1].risk.value) * 1.05)
    x = LinearAxis(low=0, high=found.years, left=60, right=560)
    y = LinearAxis(low=0, high=top, left=230, right=16)
    marks = [(0, 0.0, 0.0, 0.0), *((one.year, one.risk.value, one.risk.low, one.risk.high) for one in found.at)]
    upper = [(x.at(year), y.at(high)) for year, _, _, high in marks]
    lower = [(x.at(year), y.at(low)) for year, _, low, _ in reversed(marks)]
    return DrawnCurve(
        mean=path((x.at(year), y.at(value)) for year, value in enumerate([0.0, *found.curve])),
        band=path([*upper, *lower]) + " z",
        points=tuple((x.at(one.year), y.at(one.risk.value)) for one in found.at),
        limit=y.at(limit),
        across=tuple((x.at(value), f"{value:g}") for value in x.ticks()),
        up=tuple((y.at(value), f"{value:.3g}") for value in y.ticks()),
    )


def draw_tornado(report: HorizonReport) -> tuple[tuple[Bar, ...], tuple[tuple[float, str], ...]]:
    """Draw the central risk at both ends of each assumption, the widest first, and the ticks of the axis."""
    found = report.sensitivity
    rows = sorted(found.assumptions, key=lambda row: -abs(row.at_hard - row.at_easy))
    x = LinearAxis(low=0, high=max(*(max(row.at_hard, row.at_easy) for row in rows), 1e-6), left=200, right=560)
    bars = tuple(
        Bar(
            words=f"{row.id} {row.name}",
            y=20 + 22 * i,
            easy=x.at(row.at_easy),
            hard=x.at(row.at_hard),
            centre=x.at(found.central),
            breaks=row.breaks,
        )
        for i, row in enumerate(rows)
    )
    return bars, tuple((x.at(value), f"{value:.3g}") for value in x.ticks())


def draw_tree(tree: FaultTree) -> Tree:
    """Lay a tree out from left to right: gates at their depth, events in a column each row of its own."""
    gates, boxes, rows = {one.name: one for one in tree.gates}, list[Box](), [0]
    signs = {"and": "and", "or": "or"}

    def place(name: str, depth: int) -> float:
        if name not in gates:
            rows[0] += 1
            y = float(rows[0] * _ROW)
            boxes.append(Box(words=name, kind="event", x=depth * _COLUMN + 8, y=y, line=""))
            return y
        gate = gates[name]
        ys = [place(child, depth + 1) for child in gate.of]
        y, x = sum(ys) / len(ys), depth * _COLUMN + 8
        line = "".join(f"M{x + _WIDE} {y:.0f} L{(depth + 1) * _COLUMN + 8} {other:.0f}" for other in ys)
        kind = signs.get(gate.kind, f"{gate.needed} of {len(gate.of)}")
        boxes.append(Box(words=name, kind=kind, x=x, y=y, line=line))
        return y

    place(tree.top, 0)
    width = max(box.x for box in boxes) + _WIDE + 8
    return Tree(width=max(width, 600.0), height=(rows[0] + 1) * _ROW, boxes=tuple(boxes))
