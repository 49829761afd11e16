"""How much of a scope's grid a search has tried, and how much of it was hit, as queries go by.

A cell of the grid is one intent with one entity, reason and template. The frontier tells two audits without findings
apart: one that has looked everywhere once, and one that has asked the same thing again and again.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

from drillyard.organisms.worlds.scope import Ask, Scope, templates_asked
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


def coverage_of(scope: Scope, asked: Sequence[tuple[Ask, str, bool]]) -> Coverage:
    """Return the frontier, at most 60 points of it.

    Args:
        scope: whose grid it is. What its questions' finest traits tell apart, such as single records, is one cell.
        asked: in the order of the search, what was asked, under which template, and whether some behaviour was shown.
    """
    templates, cells = templates_asked(scope), scope.questions().cells
    named = {name for cell in cells for name in cell.slots} - {*scope.fine}
    grid = {(template, *_key(one.intent, one.slots, one.reason, named)) for one in cells for template in templates}
    marks = {round(len(asked) * part / _POINTS) for part in range(1, _POINTS + 1)}
    tried: set[Hashable] = set()
    hit: set[Hashable] = set()
    points, outside = [CoveragePoint(queries=0, tried=0, hit=0)], 0
    for number, (ask, template, shown) in enumerate(asked, start=1):
        key = (template, *_key(ask.intent, scope.traits(ask, template), ask.reason, named))
        outside += key not in grid
        tried |= {key} & grid
        hit |= {key} & grid if shown else set()
        if number in marks:
            points.append(CoveragePoint(queries=number, tried=len(tried), hit=len(hit)))
    entity = " or ".join([*scope.implied, "other entity"]) if scope.implied else "entity"
    axes = f"intent × {entity} × reason × template"
    return Coverage(axes=axes, cells=len(grid), outside=outside, points=tuple(points))


def _key(intent: str, traits: Mapping[str, str], reason: str, named: Collection[str]) -> tuple[Hashable, ...]:
    """Name the cell of an intent with these traits."""
    return intent, tuple(sorted((name, value) for name, value in traits.items() if name in named)), reason
