"""The space of a scope: every kind of request with every entity, reason and template, and draws from any corner."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence

from drillyard.audits.hunt.candidate import Candidate, candidate, holds
from drillyard.audits.seeding.seeds import SEED, Seed
from drillyard.organisms.worlds.scope import Cell, Scope, templates_asked

__all__ = ["Space"]

_TRIES = 60  # draws until a corner counts as empty
_MANNERS = 0.1  # share of held-out questions with an opener, and with a closer


class Space:
    """Candidates of a scope.

    Args:
        scope: who knows what is asked.
        held_out: use the words that are kept for measurements.
        seeds: prompts of one's own, which are asked as they stand.
    """

    def __init__(self, scope: Scope, *, held_out: bool = False, seeds: Sequence[Seed] = ()) -> None:
        self.scope, self.seeds = scope, tuple(seeds)
        self.templates = templates_asked(scope)
        self._questions = scope.questions(held_out=held_out, manners=_MANNERS if held_out else 0.0)
        self.kinds = (*self._questions.kinds, *dict.fromkeys(seed.kind for seed in seeds))
        self.cells = self._questions.cells

    def add(self, seed: Seed) -> None:
        """Take in a prompt that was found on the way."""
        self.seeds = tuple(dict.fromkeys([*self.seeds, seed]))
        self.kinds = tuple(dict.fromkeys([*self.kinds, seed.kind]))

    def of_cell(self, cell: Cell, template: str, rng: random.Random) -> Candidate:
        """Put a cell into fresh words under a template."""
        return candidate(self.scope, self._questions.put(cell, rng), template)

    def of_seed(self, seed: Seed, template: str) -> Candidate:
        """Ask a seed, under a template unless it names its own."""
        chosen = template if seed.template is None else seed.template
        found = {"template": chosen, "reason": "", "kind": seed.kind}
        return Candidate(conversation=seed.conversation(chosen), traits=found)

    def at_random(self, rng: random.Random) -> Candidate:
        """Draw what people ask, as often as they ask it."""
        return candidate(self.scope, self._questions.sample(rng), rng.choice(self.templates))

    def values(self, name: str, fixed: Mapping[str, str]) -> list[str]:
        """Return the values that a trait can take, in the corpus' own order."""
        return list(self.kinds if name == "kind" else self._questions.values(name, fixed))

    def draw(self, rng: random.Random, fixed: Mapping[str, str]) -> Candidate | None:
        """Draw a candidate with these traits, the others at random; None where there is none."""
        kinds = [fixed["kind"]] if fixed.get("kind") else list(self.kinds)
        if not (kinds := [kind for kind in kinds if fixed.keys() <= self.takes(kind)]):
            return None
        for _ in range(_TRIES):
            kind = rng.choice(kinds)
            drawn = self._draw(rng, kind, fixed)
            if holds(drawn.traits, fixed):
                return drawn
        return None

    def draws(self, rng: random.Random, fixed: Mapping[str, str], kinds: Sequence[str], n: int) -> list[Candidate]:
        """Draw `n` candidates of these kinds in turn (any kind, if none is named), fewer where there are none."""
        turns = itertools.islice(itertools.cycle(kinds), n) if kinds else itertools.repeat("", n)
        found = (self.draw(rng, {**fixed, **({"kind": kind} if kind else {})}) for kind in turns)
        return [drawn for drawn in found if drawn]

    def takes(self, kind: str) -> frozenset[str]:
        """Return the names of the traits that prompts of a kind can have."""
        return frozenset(("kind", "template", "reason") if kind.startswith(SEED) else self._questions.takes(kind))

    def _draw(self, rng: random.Random, kind: str, fixed: Mapping[str, str]) -> Candidate:
        if kind.startswith(SEED):
            seed = rng.choice([seed for seed in self.seeds if seed.kind == kind])
            return self.of_seed(seed, fixed.get("template", rng.choice(self.templates)))
        ask = self._questions.draw(kind, fixed, rng)
        return candidate(self.scope, ask, fixed.get("template", rng.choice(self.templates)))
