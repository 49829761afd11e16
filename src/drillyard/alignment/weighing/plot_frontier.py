"""The frontier in SVG units: all of it, and the corner that matters enlarged beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.alignment.weighing.frontier import Point
from drillyard.alignment.weighing.report import AlignReport
from drillyard.alignment.weighing.sheet import START
from drillyard.records.charts import LinearAxis, path

__all__ = ["Dot", "PlotPanel", "frontier_panels"]

_SIDE, _TOP, _NAMED = 240.0, 28.0, 4
_LEFTS = (48.0, 376.0)
_CORNERS = (0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A point: its place, the ends of its intervals, its sort (`start`, `swept`, `best`, `chosen`) and its label."""

    x: float
    y: float
    left: float
    right: float
    low: float
    high: float
    kind: str
    words: str
    label: str = ""
    label_x: float = 0.0
    label_y: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PlotPanel:
    """A square with both axes from 0: dots, one line per technique's sweep, and the steps of the front."""

    name: str
    title: str
    across: LinearAxis
    up: LinearAxis
    dots: tuple[Dot, ...]
    sweeps: tuple[str, ...]
    front: str


def frontier_panels(report: AlignReport) -> tuple[PlotPanel, ...]:
    """Return the whole square, and the corner near (0, 0) that holds every technique's best point if it can."""
    best = [point for point in report.points if point.strength == report.best[point.technique]]
    reach = sorted(max(p.harm.value, p.refusal.value) for p in best if p.technique != START)
    middle = reach[len(reach) // 2] if reach else 1.0
    corner = next((size for size in _CORNERS if middle <= 0.7 * size), None)
    if corner is None:
        return (_panel(report, "whole", "All points", 1.0, 0, 0.0),)
    title = f"The corner up to {100 * corner:g} %, enlarged"
    return _panel(report, "whole", "All points", 1.0, 0, corner), _panel(report, "corner", title, corner, 1, 0.0)


def _panel(report: AlignReport, name: str, title: str, size: float, number: int, elsewhere: float) -> PlotPanel:
    """Draw a panel; points within `elsewhere` of the corner get their label in the other one."""
    left = _LEFTS[number]
    across = LinearAxis(low=0, high=size, left=left, right=left + _SIDE)
    up = LinearAxis(low=0, high=size, left=_TOP + _SIDE, right=_TOP)
    shown = [p for p in report.points if max(p.harm.value, p.refusal.value) <= size]
    dots = [_dot(report, point, across, up, elsewhere) for point in shown]
    dots.sort(key=lambda dot: ("swept", "best", "start", "chosen").index(dot.kind))
    sweeps = [[p for p in report.points if p.technique == one] for one in report.techniques if one != START]
    return PlotPanel(
        name=name,
        title=title,
        across=across,
        up=up,
        dots=tuple(_labelled(dots, left, left + _SIDE)),
        sweeps=tuple(_line(some, size, left) for some in sweeps if len(some) > 1),
        front=_steps([p for p in report.points if p.front], size, left),
    )


def _dot(report: AlignReport, point: Point, across: LinearAxis, up: LinearAxis, elsewhere: float) -> Dot:
    chosen = report.recommendation.technique and point.key == (
        report.recommendation.technique,
        report.recommendation.strength,
    )
    best = report.best[point.technique] == point.strength
    kind = "chosen" if chosen else "start" if point.technique == START else "best" if best else "swept"
    label = _label(report, point.technique) if best or chosen else ""
    return Dot(
        x=across.at(point.refusal.value),
        y=up.at(point.harm.value),
        left=across.at(point.refusal.low),
        right=across.at(point.refusal.high),
        low=up.at(point.harm.low),
        high=up.at(point.harm.high),
        kind=kind,
        words=f"{point.technique} {point.strength:g}",
        label="" if max(point.harm.value, point.refusal.value) <= elsewhere else label,
    )


def _label(report: AlignReport, technique: str) -> str:
    """Return a technique's name where there are few, its number in the table where there are many."""
    others = [name for name in report.techniques if name != START]
    if technique == START:
        return "start"
    return technique if len(others) <= _NAMED else str(others.index(technique) + 1)


_Box = tuple[float, float, float, float]


def _labelled(dots: Sequence[Dot], left: float, right: float) -> list[Dot]:
    """Put each label beside its dot where it lies least on other labels, dots and the edges."""
    taken: list[_Box] = [(dot.x - 6, dot.y - 6, dot.x + 6, dot.y + 6) for dot in dots if dot.label]
    placed = []
    for dot in dots:
        if dot.label:
            box = min(_spots(dot), key=lambda spot: _crowding(spot, taken, left, right))
            taken.append(box)
            dot = _at(dot, box[0], box[3] - 2)
        placed.append(dot)
    return placed


def _spots(dot: Dot) -> list[_Box]:
    """Return where a label may stand, the best first: right, left, above, below, then farther away."""
    width = 7.0 * len(dot.label)
    spots = []
    for gap in (9.0, 16.0, 26.0):
        for x, y in ((gap, 4.0), (-gap - width, 4.0), (-width / 2, -gap), (-width / 2, gap + 8), (gap, -gap)):
            spots.append((dot.x + x, dot.y + y - 10, dot.x + x + width, dot.y + y + 2))
    return spots


def _crowding(box: _Box, taken: Sequence[_Box], left: float, right: float) -> float:
    """Return how much of a label lies on something, or outside of its panel."""
    shared = [
        max(0.0, min(a[2], box[2]) - max(a[0], box[0])) * max(0.0, min(a[3], box[3]) - max(a[1], box[1])) for a in taken
    ]
    foot = _TOP + _SIDE
    return sum(shared) + 20 * (max(0.0, left - box[0]) + max(0.0, box[2] - right - 24) + max(0.0, box[3] - foot))


def _at(dot: Dot, x: float, y: float) -> Dot:
    return Dot(**{**dot.__dict__, "label_x": x, "label_y": y})


def _place(value: float, other: float, size: float, left: float) -> tuple[float, float]:
    """Return a place that may lie outside the panel, where it is cut off."""
    return left + value / size * _SIDE, _TOP + _SIDE - other / size * _SIDE


def _line(points: Sequence[Point], size: float, left: float) -> str:
    ordered = sorted(points, key=lambda point: point.strength)
    places = [_place(p.refusal.value, p.harm.value, size, left) for p in ordered]
    return path(places)


def _steps(front: Sequence[Point], size: float, left: float) -> str:
    """Return the edge of what the front beats: up from its first point, in steps, to the right from its last."""
    ordered = sorted(front, key=lambda point: (point.refusal.value, point.harm.value))
    x, _ = _place(ordered[0].refusal.value, 0, size, left)
    path = f"M{x:.1f} {_place(0, 1, size, left)[1]:.1f}"
    for point in ordered:
        x, y = _place(point.refusal.value, point.harm.value, size, left)
        path += f" H{x:.1f} V{y:.1f}"
    return f"{path} H{_place(1, 0, size, left)[0]:.1f}"
