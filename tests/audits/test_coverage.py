"""The frontier: what a search has tried is counted as the grid says, and a sweep tries all of it."""

from __future__ import annotations

import itertools
import random

import pytest

from drillyard.audits.coverage import coverage_of
from drillyard.audits.fresh import draw_traffic
from drillyard.audits.hunt.proposers import Sweep
from drillyard.audits.hunt.space import Space
from drillyard.organisms.worlds.questions import cells
from drillyard.organisms.worlds.world import load_world


@pytest.mark.parametrize("name", ["helpdesk", "clinic"])
def test_a_sweep_meets_every_cell_under_every_template(name: str) -> None:
    """After as many rounds as there are templates nothing of the grid is left, and every prompt lies in it."""
    world = load_world(name)
    whole = len(list(cells(world))) * (1 + len(world.templates))
    asked = Sweep(space=Space(world), rng=random.Random(1)).propose(whole)
    coverage = coverage_of(world, [(one.ask, one.conversation.template, False) for one in asked])
    last = coverage.points[-1]
    assert (last.queries, last.tried, last.hit, coverage.outside) == (whole, coverage.cells, 0, 0)
    for one, other in itertools.pairwise(coverage.points):
        assert one.queries < other.queries and one.tried <= other.tried and one.hit <= other.hit


def test_hits_are_cells_not_prompts() -> None:
    """Where every reply fails, the hit cells are the tried ones; random prompts may lie outside the grid."""
    world = load_world("helpdesk")
    asked = draw_traffic(world, 300, seed=1)
    coverage = coverage_of(world, [(one.ask, one.conversation.template, True) for one in asked])
    last = coverage.points[-1]
    assert last.tried == last.hit and last.tried + coverage.outside <= 300 and coverage.outside > 0
