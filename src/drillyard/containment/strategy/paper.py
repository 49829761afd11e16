"""board.html: the strategy on one self-contained page: verdict, frontier, bow-tie, tornado, stress matrix, claims."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drillyard.audits.charts import LinearAxis, templates
from drillyard.containment.horizon.drawing import draw_tornado
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.page import MARKS
from drillyard.containment.strategy.plan import Strategy
from drillyard.records.files import write_atomically

__all__ = ["STATES", "BowTie", "Spot", "bow_tie", "frontier", "render_board", "write_board"]

STATES = {"holds": "●", "fails": "▲", "undeveloped": "◐"}
_LEFT, _RIGHT, _TOP, _FOOT = 60.0, 420.0, 20.0, 230.0
_BEFORE = ("queries", "bits", "steering", "attempts", "uncaught")


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A set of layers: usefulness across, worst case and mean risk up."""

    x: float
    worst: float
    mean: float
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class BowTie:
    """Threats on the left, what keeps them from the event, the event, what keeps it from its outcome."""

    threats: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


def frontier(strategy: Strategy) -> tuple[Spot, ...]:
    """Return the best sets for rising floors of usefulness, and no layers at all."""
    across = LinearAxis(low=0, high=1, left=_LEFT, right=_RIGHT)
    up = LinearAxis(low=0, high=1, left=_FOOT, right=_TOP)
    found = strategy.search
    every = (*found.frontier, found.bare)
    return tuple(
        Spot(x=across.at(one.usefulness), worst=up.at(one.worst), mean=up.at(one.mean), chosen=one == found.best)
        for one in every
    )


def bow_tie(strategy: Strategy) -> BowTie:
    """Return the chosen layers by where they act, and the assumptions that alone break the case as threats."""
    names = {row.id: row.name for row in strategy.horizon.sensitivity.assumptions}
    breaking = strategy.horizon.sensitivity.breaking or tuple(names)[:3]
    chosen: list[Layer] = [one for one in strategy.spec.candidates if one.name in strategy.search.best.layers]
    return BowTie(
        threats=tuple(f"{one} {names.get(one, '')}".strip() for one in breaking)[:6],
        before=tuple(one.name for one in chosen if one.multiplies in _BEFORE),
        after=tuple(one.name for one in chosen if one.multiplies not in _BEFORE),
    )


def render_board(strategy: Strategy, command: str = "") -> bytes:
    """Return the page; every name is escaped and nothing is loaded from elsewhere."""
    bars, ticks = draw_tornado(strategy.horizon)
    up = LinearAxis(low=0, high=1, left=_FOOT, right=_TOP)
    page = templates("containment").get_template("board.html.j2")
    return page.render(
        strategy=strategy,
        spots=frontier(strategy),
        limit=up.at(strategy.spec.limit),
        tie=bow_tie(strategy),
        bars=bars,
        ticks=ticks,
        marks=MARKS,
        states=STATES,
        command=command,
    ).encode()


def write_board(strategy: Strategy, folder: Path, command: str = "") -> Path:
    """Write strategy.json and board.html into a folder and return the page. Raises `BadInput` where nothing can be."""
    write_atomically(folder / "strategy.json", strategy.to_json(indent=2).encode())
    write_atomically(folder / "board.html", render_board(strategy, command))
    return folder / "board.html"
