"""The frontier: what a search has tried is counted as the grid says, and a sweep tries all of it."""

from __future__ import annotations

import itertools

import pytest

from drillyard.audits.coverage import coverage_of
from drillyard.audits.search import RandomSearch, SweepSearch, cells
from drillyard.organisms.worlds.world import load_world


@pytest.mark.parametrize("name", ["helpdesk", "clinic"])
def test_a_sweep_meets_every_cell_under_every_template(name: str) -> None:
    """After as many rounds as there are templates nothing of the grid is left, and every prompt lies in it."""
    world = load_world(name)
    whole = len(list(cells(world))) * (1 + len(world.templates))
    probes = SweepSearch().propose(world, whole, seed=1)
    coverage = coverage_of(world, [(probe.ask, probe.template, False) for probe in probes])
    last = coverage.points[-1]
    assert (last.queries, last.tried, last.hit, coverage.outside) == (whole, coverage.cells, 0, 0)
    for one, other in itertools.pairwise(coverage.points):
        assert one.queries < other.queries and one.tried <= other.tried and one.hit <= other.hit


def test_hits_are_cells_not_prompts() -> None:
    """Where every reply fails, the hit cells are the tried ones; random prompts may lie outside the grid."""
    world = load_world("helpdesk")
    probes = RandomSearch().propose(world, 300, seed=1)
    coverage = coverage_of(world, [(probe.ask, probe.template, True) for probe in probes])
    last = coverage.points[-1]
    assert last.tried == last.hit and last.tried + coverage.outside <= 300 and coverage.outside > 0
