"""How much of a scope's grid a search has tried, and how much of it was hit, as queries go by.

A cell of the grid is one intent with one entity, reason and template. The frontier tells two audits without findings
apart: one that has looked everywhere once, and one that has asked the same thing again and again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from drillyard.audits.hunt.cells import Cell, cells
from drillyard.organisms.worlds.features import features
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Record

__all__ = ["Coverage", "CoveragePoint", "coverage_of"]

_POINTS = 60


class CoveragePoint(Record):
    """After `queries` prompts, `tried` different cells were asked about and `hit` of them showed some behaviour."""

    queries: int
    tried: int
    hit: int


class Coverage(Record):
    """The frontier of a search: `cells` is the size of the grid, `outside` counts prompts that are in none of it.

    `axes` says in words what a cell combines.
    """

    axes: str
    cells: int
    outside: int
    points: tuple[CoveragePoint, ...]


def coverage_of(world: World, asked: Sequence[tuple[Ask, str, bool]]) -> Coverage:
    """Return the frontier, at most 60 points of it.

    Args:
        world: whose grid it is.
        asked: in the order of the search, what was asked, under which template, and whether some behaviour was shown.
    """
    templates = ("", *world.templates)
    grid = {(template, *_key(world, cell)) for cell in cells(world) for template in templates}
    marks = {round(len(asked) * part / _POINTS) for part in range(1, _POINTS + 1)}
    tried: set[Hashable] = set()
    hit: set[Hashable] = set()
    points, outside = [CoveragePoint(queries=0, tried=0, hit=0)], 0
    for number, (ask, template, shown) in enumerate(asked, start=1):
        key = (template, *_key(world, _cell(world, ask, template)))
        outside += key not in grid
        tried |= {key} & grid
        hit |= {key} & grid if shown else set()
        if number in marks:
            points.append(CoveragePoint(queries=number, tried=len(tried), hit=len(hit)))
    axes = f"intent × {world.groups.slot} or other entity × reason × template"
    return Coverage(axes=axes, cells=len(grid), outside=outside, points=tuple(points))


def _cell(world: World, ask: Ask, template: str) -> Cell:
    """Return the cell of a prompt, as far as its features say."""
    return Cell(intent=ask.intent, slots=features(world, ask, template), reason=ask.reason)


def _key(world: World, cell: Cell) -> tuple[Hashable, ...]:
    """Name a cell by what its prompt's features can say: single records of the world are not told apart."""
    named = (world.groups.slot, *world.lists)
    return cell.intent, tuple(sorted((k, v) for k, v in cell.slots.items() if k in named)), cell.reason
