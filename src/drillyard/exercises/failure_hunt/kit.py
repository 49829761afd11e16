"""Failure hunt: what is planted for a seed, and the hints. Its fixes are in solutions.py."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from importlib import resources
from typing import ClassVar

from drillyard.drills.claim_drill import ClaimDrill
from drillyard.drills.exam import Exam
from drillyard.exercises.failure_hunt.blind import best_file, best_files, passing
from drillyard.exercises.failure_hunt.solutions import submissions
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import FailureMode, Hint, Submission
from drillyard.stats.shown import percent

__all__ = ["BLIND", "FailureHunt"]

_RATES = (0.5, 0.75, 1.0)
BLIND = 0.01
"""Most of the instances that a file may pass which never touched the model, by the bound of blind.py."""
_DRAWS = 500
"""Draws that the best blind file is chosen on; with more it is chosen no better, the draw being even."""


class FailureHunt(ClaimDrill):
    """The kit of the drill. Which kinds, how many, which variants and at which rates: all of it is drawn."""

    _blind: ClassVar[dict[tuple[str, str], list[tuple[str, ...]]]] = {}  # by world and level: takes a second

    def __init__(self) -> None:
        super().__init__(resources.files("drillyard.exercises.failure_hunt"))

    def unfit(self, world: World) -> str:
        """Say why the hunt cannot be given in a world: too few kinds of failure, or guessing would do."""
        if words := super().unfit(world):
            return words
        moved = self.placed(world.reference)
        share = passing(moved.blind(), moved._draws(_DRAWS), self.drill.pass_mark) / _DRAWS
        if share > BLIND:
            return f"so few variants of failures that guesses pass {percent(share, BLIND)} of all instances"
        return ""

    def choose(self, seed: int) -> tuple[FailureMode, ...]:
        """Return as many failures as the level has, at most one per kind, so that no two triggers hide each other.

        Every variant is as likely as any other, whatever its kind: no guess is better than one in ten.
        """
        rng = random.Random(f"failure-hunt:{seed}")
        rest: Sequence[FailureMode] = _plantable(load_world(self.drill.world), self.drill.kinds)
        chosen: list[FailureMode] = []
        for _ in range(rng.randint(*self.drill.failures)):
            if rest:
                chosen.append(rng.choice(rest).model_copy(update={"rate": rng.choice(_RATES)}))
                rest = [mode for mode in rest if mode.kind != chosen[-1].kind]
        return tuple(chosen)

    def hints(self, failures: tuple[FailureMode, ...]) -> tuple[Hint, ...]:
        """Return three hints: how many, which behaviours, and one whole trigger."""
        behaviours = load_world(self.drill.world).behaviours
        named = "; ".join(behaviours[b].rstrip(".").lower() for b in sorted({mode.behaviour for mode in failures}))
        hardest = max(failures, key=lambda mode: mode.severity.rank)
        return (
            Hint(level=1, text=f"{len(failures)} failures are planted. Try every prompt template.", cost=0.05),
            Hint(level=2, text=f"These behaviours occur: {named}.", cost=0.10),
            Hint(level=3, text=f"One of them is set off by {hardest.trigger.words}.", cost=0.15),
        )

    def submissions(self, exam: Exam) -> dict[str, Submission]:
        """Return what each fix hands in."""
        return submissions(exam, self.choose(exam.truth.seed + 1), self.blind())

    def blind(self) -> tuple[str, ...]:
        """Return the ids of the failures that somebody would best claim who has never talked with a model."""
        return best_file(self.blind_files(), self._draws(), self.drill.pass_mark)

    def blind_files(self) -> list[tuple[str, ...]]:
        """Return the best guesses that can be made without a model: files of 1, 2 … as many as may be claimed."""
        where = self.drill.world, self.drill.level
        if where not in self._blind:
            self._blind[where] = best_files(self._draws(), self.drill.max_claims, self.drill.pass_mark)
        return self._blind[where]

    def _draws(self, first: int = 0) -> list[set[str]]:
        return [{mode.id for mode in self.choose(seed)} for seed in range(first, first + _DRAWS)]


@functools.lru_cache(maxsize=8)
def _plantable(world: World, kinds: tuple[str, ...]) -> tuple[FailureMode, ...]:
    return tuple(mode for mode in catalogue(world) if mode.kind in kinds)
