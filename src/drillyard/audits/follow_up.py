"""Follow hits up: ask the same things again in fresh words, and their neighbours, to tell chance hits and causes apart.

Without the neighbours a search that looks only where it was hit would take every cause of a behaviour for one.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

from drillyard.audits.observe import Observation
from drillyard.audits.probe import Probe
from drillyard.audits.search import Cell, cells
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.features import kind_of
from drillyard.organisms.worlds.world import World

__all__ = ["follow_up"]


def follow_up(world: World, seen: Sequence[Observation], budget: int, seed: int) -> list[Probe]:
    """Return `budget` probes around the hits, or none without a hit.

    Every behaviour that was shown gets the same share. Its hits are asked again in turn, with their entity and reason,
    each beside a neighbour: the same kind of request with another entity or reason. Templates are drawn.
    """
    rng, asker = random.Random(f"follow-up:{seed}"), Asker(world, typos=0.0, manners=0.0)
    grid, templates = list(cells(world)), ["", *world.templates]
    leads = [_leads(world, seen, behaviour) for behaviour in sorted(world.behaviours)]
    turns = [itertools.cycle(found) for found in leads if found]
    chosen: list[Cell] = []
    for turn in itertools.cycle(turns):
        if len(chosen) >= budget:
            break
        lead = next(turn)
        chosen += [lead, rng.choice([cell for cell in grid if _neighbours(cell, lead)] or [lead])]
    return [Probe(ask=cell.draw(asker, rng), template=rng.choice(templates)) for cell in chosen[:budget]]


def _leads(world: World, seen: Sequence[Observation], behaviour: str) -> list[Cell]:
    cells_hit = [_cell(world, o) for o in seen if behaviour in o.shown]
    return list({(cell.intent, *cell.slots.items(), cell.reason): cell for cell in cells_hit}.values())


def _cell(world: World, hit: Observation) -> Cell:
    slots = {name: hit.features[name] for name in (world.groups.slot, *world.lists) if name in hit.features}
    return Cell(intent=hit.probe.ask.intent, slots=slots, reason=hit.probe.ask.reason)


def _neighbours(one: Cell, other: Cell) -> bool:
    return kind_of(one.intent) == kind_of(other.intent) and one != other
