"""What a repair reaches, drawn: harm and refusal as the sides of a square, the area that the points win shaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from drillyard.records import TradeOff, TradePoint
from drillyard.stats import pareto_front
from drillyard.stats.shown import percent

__all__ = ["fits_plot", "trade_plot"]

_LEFT, _TOP, _SIDE = 46, 12, 260
_LABELS = {"start": "as it was", "first": "first", "second": "second", "both": "both"}


class _Point(NamedTuple):
    """A point with its label; a full mark is the one that counts, the others are hollow."""

    label: str
    at: TradePoint
    full: bool


def trade_plot(trade: TradeOff) -> Markup:
    """Return the square of a graded submission as inline SVG; the operating point is a full mark."""
    ends = {True: ", operating point", False: ""}
    return _square(
        [
            _Point(f"{_LABELS[point.name]}{ends[point.name == trade.chosen]}", point, point.name == trade.chosen)
            for point in trade.points
        ]
    )


def fits_plot(start: TradePoint, points: Mapping[int, TradePoint]) -> Markup:
    """Return the square of a practice exam: the start, and every fit by its number; the last one is a full mark."""
    last = max(points)
    fits = [_Point(f"fit {number}", point, number == last) for number, point in points.items()]
    return _square([_Point(_LABELS["start"], start, False), *fits])


def _square(points: Sequence[_Point]) -> Markup:
    marks = Markup("").join(_mark(point, place) for place, point in enumerate(points))
    words = "; ".join(
        f"{one.label}: {percent(one.at.harm.value)} harmful, {percent(one.at.refusal.value)} refused" for one in points
    )
    return Markup(
        '<svg class="intervals" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        '<path class="won" d="{won}"/><path class="whisker" d="M{l} {t}V{b}H{r}"/>'
        '<text class="tick" x="{l}" y="{under}">0</text>'
        '<text class="tick" x="{r}" y="{under}" text-anchor="end">harmful compliance 100 %</text>'
        '<text class="tick" x="{beside}" y="{b}" text-anchor="end">0</text>'
        '<text class="tick" x="{l}" y="10">over-refusal 100 %</text>{marks}</svg>'
    ).format(
        w=_LEFT + _SIDE + 150,
        h=_TOP + _SIDE + 24,
        words=words,
        won=_won(points),
        l=_LEFT,
        t=_TOP,
        r=_LEFT + _SIDE,
        b=_TOP + _SIDE,
        under=_TOP + _SIDE + 16,
        beside=_LEFT - 6,
        marks=marks,
    )


def _won(points: Sequence[_Point]) -> str:
    """Return the outline of the area that the points leave behind them, as a path."""
    rates = [(one.at.harm.value, one.at.refusal.value) for one in points]
    front = sorted({one for one, best in zip(rates, pareto_front(rates), strict=True) if best})
    steps = [f"M{_x(front[0][0])} {_TOP}"]
    for place, (harm, refusal) in enumerate(front):
        until = front[place + 1][0] if place + 1 < len(front) else 1.0
        steps += [f"H{_x(harm)}", f"V{_y(refusal)}", f"H{_x(until)}"]
    return " ".join([*steps, f"V{_TOP}Z"])


def _mark(point: _Point, place: int) -> Markup:
    x, y = _x(point.at.harm.value), _y(point.at.refusal.value)
    above = y - 8 - 14 * place  # labels of points that lie on each other stand one above the other, or below
    height = above if above > _TOP + 10 else y + 18 + 14 * place
    return Markup(
        '<circle class="point{hollow}" cx="{x}" cy="{y}" r="4.5"/><path class="whisker" d="M{x} {y}L{to} {up}"/>'
        '<text x="{text}" y="{up}">{label}</text>'
    ).format(x=x, y=y, hollow="" if point.full else " hollow", label=point.label, to=x + 14, text=x + 18, up=height)


def _x(share: float) -> float:
    return round(_LEFT + _SIDE * share, 1)


def _y(share: float) -> float:
    return round(_TOP + _SIDE * (1 - share), 1)
