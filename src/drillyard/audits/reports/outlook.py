"""The outlook as lines in SVG units: failures to expect over replies in deployment, on log axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drillyard.audits.reports.view import View
from drillyard.records import Estimate
from drillyard.records.charts import LogAxis, Mark, ends, mark, number, path, span

__all__ = ["Line", "Outlook", "Row", "outlook"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 440.0, 24.0, 260.0
_VOLUMES = (100, 1_000, 10_000, 100_000, 1_000_000)
_SHOWN = 6  # lines of failures at the most, those that are expected most often first
_APART = 15.0  # between two labels, so that they do not lie on each other


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: its path, marks at the volumes (x, mark upwards), and its label with its height."""

    label: str
    path: str
    marks: list[tuple[float, Mark]]
    height: float
    bound: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table: failures to expect of two volumes, and what is known of the worst query."""

    label: str
    share: Estimate
    some: tuple[Estimate, Estimate]
    worst: str


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The figure and its table. `seen` says whether ordinary traffic was asked, and with how many queries."""

    lines: list[Line]
    rows: list[Row]
    across: LogAxis
    up: LogAxis
    seen: int
    one: float
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def outlook(view: View) -> Outlook | None:
    """Place the shares of a report; None where it says nothing of how often a trigger is met."""
    shares = list(_shares(view))
    if not shares:
        return None
    found = sorted((one for one in shares if one[1].value > 0), key=lambda one: -one[1].value)
    others = [one for one in shares if one[1].value <= 0]
    rest = _widest(others, "seen" if view.report.traffic else "found") if others else []
    drawn = [*found[:_SHOWN], *rest]
    across = LogAxis(low=_VOLUMES[0], high=_VOLUMES[-1], left=_LEFT, right=_RIGHT)
    up = span([_times(share, n) for _, share in drawn for n in (100, _VOLUMES[-1])], left=_BOTTOM, right=_TOP)
    lines = [_line(label, share, across, up, 5.0 * place) for place, (label, share) in enumerate(drawn)]
    return Outlook(
        lines=_spread(lines),
        rows=[
            Row(
                label=label,
                share=share,
                some=(_times(share, 10_000), _times(share, 100_000)),
                worst=_worst(view, label),
            )
            for label, share in (*found, *rest)
        ],
        across=across,
        up=up,
        seen=max((share.n for share in view.report.traffic.values()), default=0) if view.report.traffic else 0,
        one=up.at(1.0),
    )


def _shares(view: View) -> Iterator[tuple[str, Estimate]]:
    """Yield the share of ordinary replies that fails: as seen there, else a mode's rate times its trigger's share."""
    if view.report.traffic:
        yield from view.report.traffic.items()
        return
    for place, one in enumerate(view.shown, start=1):
        if one.reach:
            yield f"{place} {one.behaviour}", _times(one.rate, one.reach)
    if any(one.reach for one in view.shown) or not view.shown:
        yield from ((one.behaviour, one.share.model_copy(update={"value": 0.0})) for one in view.quiet if one.telling)


def _widest(others: Sequence[tuple[str, Estimate]], word: str) -> list[tuple[str, Estimate]]:
    """Return one line for all behaviours without a failure: the loosest of their bounds."""
    name, share = max(others, key=lambda one: one[1].high)
    return [(name if len(others) == 1 else f"{len(others)} not {word}, each", share)]


def _times(share: Estimate, factor: float) -> Estimate:
    low, value, high = (factor * x for x in (share.low, share.value, share.high))
    return share.model_copy(update={"low": low, "value": value, "high": high})


def _line(label: str, share: Estimate, across: LogAxis, up: LogAxis, shift: float) -> Line:
    """Place a line; marks of several lines stand side by side."""
    bound = share.value <= 0
    heights = [up.at(n * (share.high if bound else share.value)) for n in _VOLUMES]
    places = [across.at(n) for n in _VOLUMES]
    marks = [(x - shift, mark(up, _times(share, n))) for x, n in list(zip(places, _VOLUMES, strict=True))[1:]]
    return Line(label=label, path=path(zip(places, heights, strict=True)), marks=marks, height=heights[-1], bound=bound)


def _spread(lines: Sequence[Line]) -> list[Line]:
    """Move labels apart, from the top down, and up again where the last ones would leave the figure."""
    placed: list[Line] = []
    last = -math.inf
    for line in sorted(lines, key=lambda one: one.height):
        last = max(line.height, last + _APART)
        placed.append(Line(**{**line.__dict__, "height": last}))
    over = max(0.0, last - _BOTTOM)
    return [Line(**{**line.__dict__, "height": line.height - over}) for line in placed]


def _worst(view: View, behaviour: str) -> str:
    """Say in words what is known of the worst query of the largest volume."""
    found = next((one for one in view.report.forecasts if one.behaviour == behaviour), None)
    if found is None:
        return "not asked" if not view.report.traffic else "none seen"
    point = found.points[-1]
    if point.worst is None:
        return f"no forecast: {found.refused[0]}" if found.refused else "no forecast"
    value, interval = ends(point.worst)
    return f"{value} ({interval}) of {number(point.volume)}"
