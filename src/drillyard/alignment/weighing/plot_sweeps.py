"""Dial sweeps and training curves as small charts of one size, in SVG units."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drillyard.alignment.weighing.curves import Curve, CurvePoint
from drillyard.alignment.weighing.frontier import Point
from drillyard.alignment.weighing.report import AlignReport
from drillyard.alignment.weighing.sheet import START
from drillyard.records import Estimate
from drillyard.records.charts import LinearAxis, path

__all__ = ["CurveChart", "SweepChart", "SweepSpot", "curve_charts", "sweep_charts"]

_LEFTS, _WIDE, _HIGH, _STEP = (44.0, 366.0), 250.0, 120.0, 186.0
_CURVE_LEFTS, _CURVE_WIDE, _CURVE_HIGH, _CURVE_STEP = (44.0, 204.0, 364.0, 524.0), 104.0, 90.0, 150.0


@dataclass(frozen=True, kw_only=True)
class SweepSpot:
    """An estimate at a dial's setting: its place and the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SweepChart:
    """Both sides over the settings of a technique's dial, the settings at equal distances."""

    title: str
    left: float
    right: float
    up: LinearAxis
    settings: tuple[tuple[float, str], ...]
    harm: tuple[SweepSpot, ...]
    refusal: tuple[SweepSpot, ...]


@dataclass(frozen=True, kw_only=True)
class CurveChart:
    """One figure over the steps of training, a line per seed, dashed for the gold reward; its lowest and highest."""

    title: str
    left: float
    right: float
    top: float
    foot: float
    low: str
    high: str
    last: str
    solid: tuple[str, ...]
    dashed: tuple[str, ...] = ()


def sweep_charts(report: AlignReport) -> list[SweepChart]:
    """Return a chart per technique, two in a row, all with one upright axis."""
    names = [name for name in report.techniques if name != START]
    most = max(max(p.harm.high, p.refusal.high) for p in report.points if p.technique != START) if names else 1.0
    top = min(1.0, math.ceil(10 * most) / 10)
    return [_sweep([p for p in report.points if p.technique == name], i, top) for i, name in enumerate(names)]


def _sweep(points: Sequence[Point], number: int, top: float) -> SweepChart:
    ordered = sorted(points, key=lambda point: point.strength)
    left, head = _LEFTS[number % 2], 28 + _STEP * (number // 2)
    up = LinearAxis(low=0, high=top, left=head + _HIGH, right=head)
    places = [left + _WIDE * (i + 0.5) / len(ordered) for i in range(len(ordered))]

    def spots(side: Callable[[Point], Estimate], shift: float) -> tuple[SweepSpot, ...]:
        found = [side(point) for point in ordered]
        return tuple(
            SweepSpot(x=x + shift, y=up.at(one.value), low=up.at(one.low), high=up.at(one.high))
            for x, one in zip(places, found, strict=True)
        )

    return SweepChart(
        title=ordered[0].technique,
        left=left,
        right=left + _WIDE,
        up=up,
        settings=tuple((x, f"{p.strength:g}" if p.strength else "") for x, p in zip(places, ordered, strict=True)),
        harm=spots(lambda point: point.harm, -4),
        refusal=spots(lambda point: point.refusal, 4),
    )


def curve_charts(curves: Sequence[Curve]) -> list[tuple[str, list[CurveChart]]]:
    """Return per technique and strength the charts of rewards, KL, refusals and length, as far as they were logged."""
    groups: dict[str, list[Curve]] = {}
    for curve in curves:
        groups.setdefault(f"{curve.technique} at {curve.strength:g}", []).append(curve)
    rows = []
    for row, (name, some) in enumerate(groups.items()):
        kinds = (
            ("reward", ("proxy", "gold")), ("KL, nats", ("kl",)), ("refusals", ("refusals",)), ("length", ("length",)),
            ("loss", ("loss",)),
        )  # fmt: skip
        logged = [(title, fields) for title, fields in kinds if _logged(some, fields)][: len(_CURVE_LEFTS)]
        charts = [_curve(some, title, fields, row, column) for column, (title, fields) in enumerate(logged)]
        rows.append((name, [chart for chart in charts if chart]))
    return rows


def _logged(curves: Sequence[Curve], fields: Sequence[str]) -> list[float]:
    return [v for curve in curves for p in curve.points for f in fields if (v := _value(p, f)) is not None]


def _curve(curves: Sequence[Curve], title: str, fields: Sequence[str], row: int, column: int) -> CurveChart | None:
    values = _logged(curves, fields)
    last = max((p.step for curve in curves for p in curve.points), default=0)
    if not values or not last:
        return None
    left, top = _CURVE_LEFTS[column], 44 + _CURVE_STEP * row
    room = (max(values) - min(values)) or 1.0
    digits = max(0, 1 - math.floor(math.log10(room)))
    across = LinearAxis(low=0, high=last, left=left, right=left + _CURVE_WIDE)
    up = LinearAxis(low=min(values), high=min(values) + room, left=top + _CURVE_HIGH, right=top)
    lines = [tuple(_path(curve, field, across, up) for curve in curves) for field in fields]
    return CurveChart(
        title=title,
        left=left,
        right=left + _CURVE_WIDE,
        top=top,
        foot=top + _CURVE_HIGH,
        low=f"{min(values):.{digits}f}",
        high=f"{max(values):.{digits}f}",
        last=f"{last:,}",
        solid=lines[0],
        dashed=lines[1] if len(lines) > 1 else (),
    )


def _value(point: CurvePoint, field: str) -> float | None:
    found = getattr(point, field)
    return None if found is None else float(found)


def _path(curve: Curve, field: str, across: LinearAxis, up: LinearAxis) -> str:
    """Return one line, empty where fewer than two steps were logged."""
    places = [(across.at(p.step), up.at(v)) for p in curve.points if (v := _value(p, field)) is not None]
    return path(places) if len(places) > 1 else ""
