"""board.html: the strategy on one self-contained page; the first page of it is what a board decides on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drillyard.containment.horizon.assumptions import RANGES
from drillyard.containment.horizon.ceiling import MOST
from drillyard.containment.horizon.drawing import draw_tornado
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.page import MARKS as STRESS
from drillyard.containment.strategy.claims import SOUND
from drillyard.containment.strategy.plan import Strategy
from drillyard.containment.strategy.words import ends_at, percent, sentence
from drillyard.records.charts import LinearAxis
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import day, fill_paper

__all__ = ["MARKS", "BowTie", "Spot", "bow_tie", "frontier", "question", "render_board", "write_board"]

MARKS = {"holds in the model": "○", "shown by the site": "●", "fails in the model": "▲", "not shown": "◐"}
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


def question(strategy: Strategy) -> str:
    """Return what the board is asked, with what a yes costs."""
    spec, cost = strategy.spec, strategy.cost
    takes = f"{cost.posts:.2g} posts" if cost.posts >= 0.05 else "no posts"
    if cost.money is not None:
        takes += f" and {spec.currency} {float(f'{cost.money:.3g}'):,.0f}"
    years = "one year" if spec.years == 1 else f"{spec.years} years"
    until = f", decided anew by {day(spec.expires)}" if spec.expires else ""
    count = f"{len(strategy.chosen)} of {len(spec.candidates)} possible protections"
    return f"May {spec.name} run for {years} behind {count}, at {takes} a year{until}?"


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
    chosen = strategy.chosen
    return BowTie(
        threats=tuple(f"{names.get(one, '')} ({one})".strip() for one in breaking),
        before=tuple(_spaced(one.name) for one in chosen if one.multiplies in _BEFORE),
        after=tuple(_spaced(one.name) for one in chosen if one.multiplies not in _BEFORE),
    )


def render_board(strategy: Strategy, command: str = "") -> bytes:
    """Return the page; every name is escaped and nothing is loaded from elsewhere."""
    bars, ticks = draw_tornado(strategy.horizon)
    up = LinearAxis(low=0, high=1, left=_FOOT, right=_TOP)
    return fill_paper(
        "containment",
        "board.html.j2",
        {"percent": percent, "ends_at": ends_at, "spaced": _spaced},
        strategy=strategy,
        question=question(strategy),
        failing=[one for one in strategy.claims if one.state == "fails in the model"],
        open=[one for one in strategy.claims if one.state == "not shown"],
        sound=[one for one in strategy.claims if one.state in SOUND],
        factors={one.name: _factor(one, strategy) for one in strategy.spec.candidates},
        measured=sum(bool(one.measured) for one in strategy.chosen),
        most_skill=MOST,
        sentences=_sentences(strategy),
        spots=frontier(strategy),
        limit=up.at(strategy.spec.limit),
        tie=bow_tie(strategy),
        bars=bars,
        ticks=ticks,
        stress=STRESS,
        marks=MARKS,
        ranges=RANGES,
        command=command,
    )


def write_board(strategy: Strategy, folder: Path, command: str = "") -> Path:
    """Write strategy.json and board.html into a folder and return the page. Raises `BadInput` where nothing can be."""
    write_record(folder / "strategy.json", strategy)
    write_atomically(folder / "board.html", render_board(strategy, command))
    return folder / "board.html"


def _spaced(name: str) -> str:
    return name.replace("-", " ")


def _factor(layer: Layer, strategy: Strategy) -> tuple[str, str]:
    """Return what a layer lets pass when all goes well, in words, and where that number comes from."""
    if layer.monitor:
        told = f"audits the most suspicious {percent(layer.monitor.budget)} of the work"
    elif layer.quorum:
        told = f"{layer.quorum.needed} people must agree, each wrong in {percent(layer.quorum.error)} of cases"
    else:
        told = f"lets {percent(layer.factor or 1.0)} pass"
    if layer.measured:
        return told, f"measured: {layer.measured}"
    if layer in strategy.spec.own_layers:
        return told, f"claimed by {layer.by}" if layer.by else "claimed, nobody is named"
    return told, "ours, not measured"


def _sentences(strategy: Strategy) -> list[tuple[str, str, str, str]]:
    """Return every assumption as id, sentence, whose its range is, and what would prove it wrong."""
    changes = {one.id: one for one in strategy.spec.assumptions if one.parameters}
    found = []
    for one in strategy.horizon.assumptions.assumptions:
        change = changes.get(one.id)
        whose = f"claimed by {change.by or 'nobody who is named'}: {one.evidence}" if change else "ours, not measured"
        found.append((one.id, sentence(one), whose, one.falsifier))
    return found
