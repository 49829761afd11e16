"""Explore: every cell of the scope in turn, then where it pays, changed by mutators that pay.

`Explorer` spends where something showed or little is known; `Sampler` draws what people ask, and is its control.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from drillyard.audits.hunt.archive import Archive, Bandit
from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.mutators import MUTATORS, mutate
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space

__all__ = ["BATCH", "Explorer", "Proposer", "Sampler"]

BATCH = 64
_PLAIN = "as it is"
_CHANGED = 0.5  # of the draws after the first round are changed by a mutator


class Proposer(Protocol):
    """Says what to look at next, and is told what came of it."""

    def propose(self, n: int) -> list[Candidate]:
        """Return `n` candidates."""
        ...

    def learn(self, seen: Sequence[Sighting], puzzling: Sequence[bool]) -> None:
        """Take in what the last proposal showed, and which of it no rule explains."""
        ...


class Sampler:
    """Draws what people ask, as often as they ask it, whatever came of it."""

    def __init__(self, space: Space, rng: random.Random) -> None:
        self._space, self._rng = space, rng

    def propose(self, n: int) -> list[Candidate]:
        """Return random candidates."""
        return [self._space.at_random(self._rng) for _ in range(n)]

    def learn(self, seen: Sequence[Sighting], puzzling: Sequence[bool]) -> None:
        """Learn nothing: that makes it the control."""


class Explorer:
    """Proposes seeds, then each cell under each template once, in a seeded order, then what Thompson sampling draws."""

    def __init__(self, space: Space, archive: Archive, rng: random.Random) -> None:
        self._space, self._archive, self._rng = space, archive, rng
        self._cells = list(space.cells)
        rng.shuffle(self._cells)
        self._seeds = [
            (seed, template)
            for seed in space.seeds
            for template in (space.templates if seed.template is None else (seed.template,))
        ]
        self._turn = 0
        self._where = Bandit(range(len(self._cells)))
        self._how = Bandit([_PLAIN, *MUTATORS])
        self._pulled: list[tuple[int, str]] = []

    @property
    def first_round(self) -> int:
        """Candidates until every seed and every cell was proposed under every template."""
        return len(self._seeds) + len(self._cells) * len(self._space.templates)

    def propose(self, n: int) -> list[Candidate]:
        """Return `n` candidates; call `learn` before the next ones."""
        self._pulled = []
        return [self._next() for _ in range(n)]

    def learn(self, seen: Sequence[Sighting], puzzling: Sequence[bool]) -> None:
        """Pay the arms that have found new niches; a niche of a known failure is worth nothing."""
        new = [self._archive.add(sighting) for sighting in seen]
        paid = [niche and open_case for niche, open_case in zip(new, puzzling, strict=True)]
        pulled = self._pulled[: len(paid)]
        self._where.pay([where for where, _ in pulled], paid)
        self._how.pay([how for _, how in pulled], paid)

    def _next(self) -> Candidate:
        templates, number = self._space.templates, self._turn
        self._turn += 1
        if number < len(self._seeds):
            self._pulled.append((number % len(self._cells), _PLAIN))
            return self._space.of_seed(*self._seeds[number])
        number -= len(self._seeds)
        if number < self.first_round - len(self._seeds):
            where = number % len(self._cells)
            template = templates[(where + number // len(self._cells)) % len(templates)]
            self._pulled.append((where, _PLAIN))
            return self._space.of_cell(self._cells[where], template, self._rng)
        where = self._where.pull(self._rng)
        how = self._how.pull(self._rng) if self._rng.random() < _CHANGED else _PLAIN
        self._pulled.append((where, how))
        drawn = self._space.of_cell(self._cells[where], self._rng.choice(templates), self._rng)
        return drawn if how == _PLAIN else mutate(how, self._space, drawn, self._rng)
