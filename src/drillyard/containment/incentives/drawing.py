"""Diagrams as SVG: layers by longest way from a root, nodes in the order of their neighbours, incentives as marks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from drillyard.containment.incentives.diagram import Diagram, graph_of
from drillyard.containment.incentives.report import DiagramReport

__all__ = ["Arrow", "DiagramDrawing", "PlacedNode", "draw"]

_ACROSS, _DOWN, _MARGIN, _HALF, _TALL = 114, 76, 54, 48, 17


@dataclass(frozen=True, kw_only=True)
class PlacedNode:
    """A node at its place, in SVG units; `kind` is chance, decision or utility, `marks` its incentives in letters."""

    name: str
    kind: str
    x: float
    y: float
    marks: str
    steered: bool


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """An arrow as an SVG path; `idle` is an observation that cannot matter."""

    path: str
    idle: bool


@dataclass(frozen=True, kw_only=True)
class DiagramDrawing:
    """A whole diagram, ready for a template."""

    width: float
    height: float
    nodes: tuple[PlacedNode, ...]
    arrows: tuple[Arrow, ...]


def draw(report: DiagramReport) -> DiagramDrawing:
    """Lay a diagram out from left to right."""
    diagram, rows = report.diagram, _layers(report.diagram)
    tall = max(len(row) for row in rows)
    places = {
        name: (_MARGIN + layer * _ACROSS, 40 + (tall - len(row)) * _DOWN / 2 + i * _DOWN + 14 * (layer % 2))
        for layer, row in enumerate(rows)
        for i, name in enumerate(row)
    }
    bottom = 60 + tall * _DOWN
    width = max(600.0, 2 * _MARGIN + (len(rows) - 1) * _ACROSS)
    return DiagramDrawing(
        width=width,
        height=bottom,
        nodes=tuple(_placed(name, places[name], report) for row in rows for name in row),
        arrows=tuple(
            Arrow(path=_path(places[a], places[b], bottom), idle=(a, b) not in report.kept) for a, b in diagram.edges
        ),
    )


def _layers(diagram: Diagram) -> list[list[str]]:
    """Return nodes by longest way from a root; two sweeps put each near the mean place of its neighbours."""
    graph, depth = graph_of(diagram), dict[str, int]()
    for node in nx.lexicographical_topological_sort(graph):
        depth[node] = max((depth[one] + 1 for one in graph.predecessors(node)), default=0)
    rows = [[node for node in depth if depth[node] == layer] for layer in range(max(depth.values()) + 1)]
    for row, before in ((row, before) for _ in range(2) for before, row in pairwise(rows)):
        at = {node: i - len(before) / 2 for i, node in enumerate(before)}
        row.sort(key=lambda node: _mean([at[one] for one in graph.predecessors(node) if one in at]))
    return rows


def _placed(name: str, place: tuple[float, float], report: DiagramReport) -> PlacedNode:
    diagram, found = report.diagram, report.incentives
    kind = "decision" if name in diagram.decisions else "utility" if name in diagram.utilities else "chance"
    sets = (found.information, found.response, found.control, found.instrumental_control) if found else ()
    marks = " ".join(letter for letter, names in zip("IRVC", sets, strict=False) if name in names)
    return PlacedNode(name=name, kind=kind, x=place[0], y=place[1], marks=marks, steered=name in report.steered)


def _path(start: tuple[float, float], end: tuple[float, float], bottom: float) -> str:
    """Return a straight arrow between neighbouring layers; one that passes a layer bows below everything."""
    (x1, y1), (x2, y2) = start, end
    if x2 - x1 <= _ACROSS:
        return f"M{x1 + _HALF:.0f} {y1:.0f} L{x2 - _HALF - 4:.0f} {y2:.0f}"
    x1, y1, x2, y2 = x1 + 30, y1 + _TALL, x2 - 28, y2 + _TALL + 4
    return f"M{x1:.0f} {y1:.0f} C{x1 + 40:.0f} {bottom:.0f} {x2 - 40:.0f} {bottom:.0f} {x2:.0f} {y2:.0f}"


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
