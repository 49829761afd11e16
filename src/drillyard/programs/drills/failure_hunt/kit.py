"""Failure hunt: what is planted for a seed, and the hints. Its fixes are in solutions.py."""

from __future__ import annotations

import random
from importlib import resources
from typing import ClassVar

from drillyard.organisms.failures import catalogue
from drillyard.organisms.world import load_world
from drillyard.programs.drills.claim_drill import ClaimDrill
from drillyard.programs.drills.exam import Exam
from drillyard.programs.drills.failure_hunt.blind import best_file
from drillyard.programs.drills.failure_hunt.solutions import submissions
from drillyard.records import FailureMode, Hint, Submission

__all__ = ["FailureHunt"]

_RATES = (0.5, 0.75, 1.0)
_DRAWS = 500
"""Draws that the best blind file is chosen on; with more it is chosen no better, the draw being even."""


class FailureHunt(ClaimDrill):
    """The kit of the drill. Which kinds, how many, which variants and at which rates: all of it is drawn."""

    _blind: ClassVar[dict[str, tuple[str, ...]]] = {}  # by world: takes a second, and is the same every time

    def __init__(self) -> None:
        super().__init__(resources.files("drillyard.programs.drills.failure_hunt"))

    def choose(self, seed: int) -> tuple[FailureMode, ...]:
        """Return four to six failures, at most one variant per kind, so that no two triggers hide each other.

        Every variant is as likely as any other, whatever its kind: no guess is better than one in ten.
        """
        rng = random.Random(f"failure-hunt:{seed}")
        rest = [mode for mode in catalogue(load_world(self.drill.world)) if mode.kind in self.drill.kinds]
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
        world = self.drill.world
        if world not in self._blind:
            draws = [{mode.id for mode in self.choose(seed)} for seed in range(_DRAWS)]
            self._blind[world] = best_file(draws, self.drill.max_claims, self.drill.pass_mark)
        return self._blind[world]
