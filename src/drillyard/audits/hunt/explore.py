"""Explore: every cell of the scope in turn, then where something showed or little is known, by mutators that pay."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from drillyard.audits.hunt.archive import Archive, Bandit
from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.mutators import MUTATORS, mutate
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space
from drillyard.audits.seeding.seeds import Seed

__all__ = ["Explorer"]

_PLAIN = "as it is"
_CHANGED = 0.5  # of the draws after the first round are changed by a mutator
_EVEN = 0.5  # of them go to the next cell in turn where replies are sampled: found at rate 0.3: 46 of 47, without 39


class Explorer:
    """Proposes each seed and each cell under each template once, in turn, then what Thompson sampling draws.

    Cells come in a seeded order. Seeds come class by class in turn, all of them under a first template, then under the
    next: a corpus that is larger than the budget is asked in part, but from every class.

    Of a target that is `sampled` a single look at a cell tells little, so later rounds go through all cells as well.
    """

    def __init__(self, space: Space, rng: random.Random, *, sampled: bool = False) -> None:
        self._space, self._archive, self._rng = space, Archive(), rng
        self._even, self._again = _EVEN * sampled, 0
        self._cells = list(space.cells)
        rng.shuffle(self._cells)
        self._seeds = _in_turn(space)
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
        if number < self.first_round:
            return self._first(number)
        if self._rng.random() < self._even:
            return self._in_turn()
        where = self._where.pull(self._rng)
        how = self._how.pull(self._rng) if self._rng.random() < _CHANGED else _PLAIN
        self._pulled.append((where, how))
        drawn = self._space.of_cell(self._cells[where], self._rng.choice(templates), self._rng)
        return drawn if how == _PLAIN else mutate(how, self._space, drawn, self._rng)

    def _first(self, number: int) -> Candidate:
        """Return a candidate of the first round: seeds and cells by turns, and the rest of either when one is over."""
        seeds = len(self._seeds)
        pairs = min(seeds, self.first_round - seeds)
        if number < 2 * pairs:
            of_seeds, number = number % 2 == 0, number // 2
        else:
            of_seeds, number = seeds > pairs, number - pairs
        where = number % len(self._cells)
        if of_seeds:
            self._pulled.append((where, _PLAIN))
            return self._space.of_seed(*self._seeds[number])
        return self._cell(number)

    def _in_turn(self) -> Candidate:
        """Return a candidate of the next cell, in words of its own."""
        self._again += 1
        return self._cell(self._again - 1)

    def _cell(self, number: int) -> Candidate:
        """Return a candidate of the cell whose turn has this number, under the template whose turn it is."""
        where, templates = number % len(self._cells), self._space.templates
        self._pulled.append((where, _PLAIN))
        template = templates[(where + number // len(self._cells)) % len(templates)]
        return self._space.of_cell(self._cells[where], template, self._rng)


def _in_turn(space: Space) -> list[tuple[Seed, str]]:
    """Return seeds with templates: one of each class after the other, and all seeds once before any a second time."""
    ranks: Counter[str] = Counter()
    places = []
    for place, seed in enumerate(space.seeds):
        places.append((ranks[seed.hazard], place, seed))
        ranks[seed.hazard] += 1
    ordered = [seed for _, _, seed in sorted(places, key=lambda one: one[:2])]
    known = [space.templates if seed.template is None else (seed.template,) for seed in ordered]
    return [
        (seed, names[(place + turn) % len(names)])
        for turn in range(len(space.templates))
        for place, (seed, names) in enumerate(zip(ordered, known, strict=True))
        if turn < len(names)
    ]
