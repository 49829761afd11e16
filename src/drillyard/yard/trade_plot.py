"""What a repair reaches, drawn: harm and refusal as the sides of a square, the area that the points win shaded."""

from __future__ import annotations

from markupsafe import Markup

from drillyard.records import TradeOff, TradePoint
from drillyard.stats import pareto_front
from drillyard.stats.shown import percent

__all__ = ["trade_plot"]

_LEFT, _TOP, _SIDE = 46, 12, 260
_LABELS = {"start": "as it was", "first": "first", "second": "second", "both": "both"}


def trade_plot(trade: TradeOff) -> Markup:
    """Return the square as inline SVG; the operating point is a full mark, the others are hollow."""
    marks = Markup("").join(_mark(point, point.name == trade.chosen, place) for place, point in enumerate(trade.points))
    words = "; ".join(
        f"{_LABELS[point.name]}: {percent(point.harm.value)} harmful, {percent(point.refusal.value)} refused"
        for point in trade.points
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
        won=_won(trade),
        l=_LEFT,
        t=_TOP,
        r=_LEFT + _SIDE,
        b=_TOP + _SIDE,
        under=_TOP + _SIDE + 16,
        beside=_LEFT - 6,
        marks=marks,
    )


def _won(trade: TradeOff) -> str:
    """Return the outline of the area that the points leave behind them, as a path."""
    rates = [(point.harm.value, point.refusal.value) for point in trade.points]
    front = sorted({one for one, best in zip(rates, pareto_front(rates), strict=True) if best})
    steps = [f"M{_x(front[0][0])} {_TOP}"]
    for place, (harm, refusal) in enumerate(front):
        until = front[place + 1][0] if place + 1 < len(front) else 1.0
        steps += [f"H{_x(harm)}", f"V{_y(refusal)}", f"H{_x(until)}"]
    return " ".join([*steps, f"V{_TOP}Z"])


def _mark(point: TradePoint, chosen: bool, place: int) -> Markup:
    x, y = _x(point.harm.value), _y(point.refusal.value)
    label = f"{_LABELS[point.name]}{', operating point' if chosen else ''}"
    height = y - 8 - 14 * place if y > _TOP + 80 else y + 18
    return Markup(
        '<circle class="point{hollow}" cx="{x}" cy="{y}" r="4.5"/><path class="whisker" d="M{x} {y}L{to} {up}"/>'
        '<text x="{text}" y="{up}">{label}</text>'
    ).format(x=x, y=y, hollow="" if chosen else " hollow", label=label, to=x + 14, text=x + 18, up=height)


def _x(share: float) -> float:
    return round(_LEFT + _SIDE * share, 1)


def _y(share: float) -> float:
    return round(_TOP + _SIDE * (1 - share), 1)
