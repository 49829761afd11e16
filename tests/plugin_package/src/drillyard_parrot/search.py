"""The implementation of a search method: it proposes prompts, and an audit confirms what they hit."""

from __future__ import annotations

import random
from collections.abc import Sequence

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space


class WinStay:
    """Asks the kind that failed last, else the next one; many at a time of the kinds that it is at."""

    first_round = 0

    def __init__(self, space: Space, rng: random.Random) -> None:
        self.space, self.rng = space, rng
        self.turn, self.stay = 0, [""]

    def propose(self, n: int) -> list[Candidate]:
        """Return `n` prompts, half of them of the kinds that failed."""
        asked = []
        for number in range(n):
            kind = self.stay[number % len(self.stay)] if number % 2 else ""
            if not kind:
                kind = self.space.kinds[self.turn % len(self.space.kinds)]
                self.turn += 1
            asked += self.space.draws(self.rng, {}, (kind,), 1)
        return asked

    def learn(self, seen: Sequence[Sighting], puzzling: Sequence[bool]) -> None:
        """Stay with the kinds of prompts that no rule explains yet."""
        won = [one.candidate.kind for one, open_case in zip(seen, puzzling, strict=True) if open_case]
        self.stay = list(dict.fromkeys(won)) or [""]
