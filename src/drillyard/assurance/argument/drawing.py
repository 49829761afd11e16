"""A safety case as a drawing: the tree of GSN in SVG, with the state of each element as shape and colour."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from drillyard.assurance.argument.check import MARKS, ArgumentCheck
from drillyard.assurance.argument.elements import Argument, Element

__all__ = ["draw_argument"]

_WIDE, _HIGH, _GAP, _DROP = 208, 112, 16, 44
_LINE, _LETTERS, _MOST = 14, 32, 5
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:var(--ink,#1a1d21)}.id{font-weight:600}"
    ".box{fill:var(--paper,#fff);stroke:var(--muted,#5a6270);stroke-width:1.5}.holds{stroke:#009e73;stroke-width:2}"
    ".fails{stroke:#d55e00;stroke-width:3}.undeveloped{stroke:#6b7280;stroke-dasharray:5 4}"
    ".stale{stroke:#6b7280;stroke-dasharray:2 3}.link{stroke:#5a6270;fill:none}.context{stroke-dasharray:4 3}"
)


@dataclass(frozen=True, kw_only=True)
class _Spot:
    x: float
    y: float
    one: Element


def draw_argument(argument: Argument, check: ArgumentCheck) -> str:
    """Return one SVG document; supports go down, contexts stand beside on a line of their own."""
    spots = _place(argument)
    width = max(spot.x for spot in spots.values()) + _WIDE + _GAP
    height = max(spot.y for spot in spots.values()) + _HIGH + _GAP
    links = Markup("").join(
        _link(spots[one.id], spots[other], beside)
        for one in argument.elements
        if one.id in spots
        for others, beside in ((one.supported_by, False), (one.in_context_of, True))
        for other in others
    )
    boxes = Markup("").join(_box(spot, check) for spot in spots.values())
    words = f"{argument.title}: {check.verdict}"
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
            'aria-label="{words}"><style>{style}</style>{links}{boxes}</svg>'
        ).format(w=round(width), h=round(height), words=words, style=Markup(_STYLE), links=links, boxes=boxes)
    )


def _place(argument: Argument) -> Mapping[str, _Spot]:
    """Return where each element stands: leaves side by side, what they support in the middle above them."""
    spots: dict[str, _Spot] = {}
    right = float(_GAP)

    def put(name: str, depth: int) -> float:
        nonlocal right
        if name in spots:
            return spots[name].x
        one = argument.element(name)
        beside = [other for other in one.in_context_of if other not in spots]
        below = [put(other, depth + 1) for other in one.supported_by]
        x = (min(below) + max(below)) / 2 if below else right
        y = _GAP + depth * (_HIGH + _DROP)
        if not below:
            right = x + _WIDE + _GAP
        spots[name] = _Spot(x=x, y=y, one=one)
        for place, other in enumerate(beside, start=1):
            at = max(x + place * (_WIDE + _GAP), 0.0)
            while any(abs(s.x - at) < _WIDE and s.y == y for s in spots.values()):
                at += _WIDE + _GAP
            spots[other] = _Spot(x=at, y=y, one=argument.element(other))
            right = max(right, at + _WIDE + _GAP) if depth else right
        return x

    put(argument.top.id, 0)
    return spots


def _link(above: _Spot, below: _Spot, beside: bool) -> Markup:
    if beside:
        line = f"M{above.x + _WIDE} {above.y + _HIGH / 2} H{below.x}" if below.x > above.x else ""
        return Markup('<path class="link context" d="{d}"/>').format(d=line)
    middle = above.y + _HIGH + _DROP / 2
    line = f"M{above.x + _WIDE / 2} {above.y + _HIGH} V{middle} H{below.x + _WIDE / 2} V{below.y}"
    return Markup('<path class="link" d="{d}"/>').format(d=line)


def _shape(spot: _Spot, state: str) -> Markup:
    x, y, kind = spot.x, spot.y, spot.one.kind
    if kind == "strategy":
        d = f"M{x + 14} {y} H{x + _WIDE} L{x + _WIDE - 14} {y + _HIGH} H{x} Z"
        return Markup('<path class="box {s}" d="{d}"/>').format(s=state, d=d)
    round_by = {"solution": 48, "context": 20, "assumption": 48, "justification": 48}.get(kind, 0)
    return Markup('<rect class="box {s}" x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}"/>').format(
        s=state, x=x, y=y, w=_WIDE, h=_HIGH, r=round_by
    )


def _box(spot: _Spot, check: ArgumentCheck) -> Markup:
    found, one = check.of(spot.one.id), spot.one
    lines = textwrap.wrap(one.text, _LETTERS)
    if len(lines) > _MOST:
        lines = [*lines[: _MOST - 1], f"{lines[_MOST - 1][: _LETTERS - 2]} …"]
    middle = spot.x + _WIDE / 2
    head = f"{one.id} {MARKS[found.state]} {found.state}" if one.kind != "context" else one.id
    text = Markup("").join(
        Markup('<text x="{x}" y="{y}" text-anchor="middle">{line}</text>').format(
            x=middle, y=spot.y + 36 + _LINE * i, line=line
        )
        for i, line in enumerate(lines)
    )
    label = Markup('<text class="id" x="{x}" y="{y}" text-anchor="middle">{head}</text>')
    full = Markup("<title>{text}: {words}</title>").format(text=one.text, words=found.words)
    return Markup("<g>{f}{s}{i}{t}</g>").format(
        f=full, s=_shape(spot, found.state), i=label.format(x=middle, y=spot.y + 19, head=head), t=text
    )
