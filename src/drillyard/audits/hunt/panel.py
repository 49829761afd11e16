"""A panel of planted organisms: what an audit is tried on, failures and rates drawn from the worlds' catalogues."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Record

__all__ = ["RATES", "PanelMember", "draw_panel"]

RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_FEWEST, _MOST = 4, 8
_OF_A_KIND = 2  # failures of one kind; all of a kind together would be one wider failure


class PanelMember(Record):
    """One organism: its world and the rate of each failure by id, both the auditor's to find out."""

    number: int
    world: str
    rates: dict[str, float]


def draw_panel(worlds: Sequence[str], size: int, seed: int) -> list[PanelMember]:
    """Draw organisms with four to eight failures each, worlds in turn, every rate equally often."""
    rng = random.Random(f"panel:{seed}")
    return [_member(worlds[number % len(worlds)], number, rng) for number in range(size)]


def _member(world: str, number: int, rng: random.Random) -> PanelMember:
    choice = list(faults(load_world(world)))
    rng.shuffle(choice)
    count, taken = rng.randint(_FEWEST, _MOST), Counter[str]()
    chosen: list[Fault] = []
    for fault in choice:
        if len(chosen) < count and taken[fault.kind] < _OF_A_KIND:
            chosen.append(fault)
            taken[fault.kind] += 1
    rates = [RATES[(number * 3 + place) % len(RATES)] for place in range(count)]
    rng.shuffle(rates)
    found: Mapping[str, float] = {fault.id: rate for fault, rate in zip(chosen, rates, strict=True)}
    return PanelMember(number=number, world=world, rates=dict(found))
