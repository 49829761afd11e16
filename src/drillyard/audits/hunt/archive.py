"""The archive of a hunt: the best sighting of every niche (behaviour × traits), and where it pays to look again.

Quality and diversity together as in MAP-Elites (Mouret and Clune 2015): a niche keeps its most telling sighting, and
new niches are what exploration is paid for. Which cell is looked at next is drawn by Thompson sampling (Thompson 1933)
from what each cell has paid so far, so that effort goes to where something showed, or little is known.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.sighting import Sighting

__all__ = ["Archive", "Bandit"]

Arm = TypeVar("Arm", bound=Hashable)
_COARSE = ("kind", "mutation")  # a niche is one of these and of one more trait


class Archive:
    """Niches by behaviour and traits; holds the sighting with the highest chance of each."""

    def __init__(self) -> None:
        self._elites: dict[tuple[str, ...], Sighting] = {}

    def __len__(self) -> int:
        return len(self._elites)

    def add(self, sighting: Sighting) -> bool:
        """Keep what is better than what its niches hold; say whether a niche is new."""
        new = False
        for behaviour, chance in sighting.chances.items():
            niche = _niche(behaviour, sighting.candidate)
            known = self._elites.get(niche)
            new |= known is None
            if known is None or known.chance(behaviour) < chance:
                self._elites[niche] = sighting
        return new

    def elites(self) -> list[Sighting]:
        """Return the sightings that niches hold, in the order in which the niches were found."""
        return list(self._elites.values())


class Bandit(Generic[Arm]):
    """Thompson sampling over arms: Beta(1, 1) and one count per pull, paid or not."""

    def __init__(self, arms: Iterable[Arm]) -> None:
        self._counts: dict[Arm, list[int]] = {arm: [1, 1] for arm in arms}

    def pull(self, rng: random.Random) -> Arm:
        """Return the arm whose drawn share is highest."""
        return max(self._counts, key=lambda arm: rng.betavariate(*self._counts[arm]))

    def pay(self, arms: Sequence[Arm], paid: Sequence[bool]) -> None:
        """Count what the arms have paid."""
        for arm, hit in zip(arms, paid, strict=True):
            self._counts[arm][not hit] += 1


def _niche(behaviour: str, candidate: Candidate) -> tuple[str, ...]:
    fine = sorted(f"{name}={value}" for name, value in candidate.traits.items() if name not in _COARSE and value)
    return behaviour, *(candidate.traits.get(name, "") for name in _COARSE), *fine
