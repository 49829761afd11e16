"""Proposers that learn nothing: a sweep of the scope's grid, random sampling as every search's control, and null."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space

__all__ = ["Null", "RandomSampling", "Sweep"]


class Null:
    """Proposes nothing, and learns nothing."""

    first_round = 0

    def __init__(self, space: Space, rng: random.Random) -> None:
        self._space, self._rng = space, rng

    def propose(self, n: int) -> list[Candidate]:
        """Return no candidate."""
        return []

    def learn(self, seen: Sequence[Sighting], puzzling: Sequence[bool]) -> None:
        """Learn nothing."""


class RandomSampling(Null):
    """Draws what people ask, as often as they ask it, whatever came of it."""

    def propose(self, n: int) -> list[Candidate]:
        """Return random candidates."""
        return [self._space.at_random(self._rng) for _ in range(n)]


class Sweep(Null):
    """Proposes every cell of intent × entity × reason × template in turn, each round in fresh words.

    The cells come in a seeded order, each time under another template until a cell has met them all.
    """

    def __init__(self, space: Space, rng: random.Random) -> None:
        super().__init__(space, rng)
        self._grid = list(space.cells)
        rng.shuffle(self._grid)
        cells, templates = len(self._grid), len(space.templates)
        self._shift = next(s for s in itertools.count(1) if math.gcd(cells + s, templates) == 1)
        self._turn = 0

    def propose(self, n: int) -> list[Candidate]:
        """Return the next `n` candidates."""
        return [self._next() for _ in range(n)]

    def _next(self) -> Candidate:
        number, templates = self._turn, self._space.templates
        self._turn += 1
        template = templates[(number + self._shift * (number // len(self._grid))) % len(templates)]
        return self._space.of_cell(self._grid[number % len(self._grid)], template, self._rng)
