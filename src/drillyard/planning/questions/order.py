"""Steps to put in order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from drillyard.errors import BadInput
from drillyard.planning.questions.base import Asked, SortedAnswer, places_in, whole_in
from drillyard.records import Record

__all__ = ["OrderQuestion", "OrderStep"]


class OrderStep(Record):
    """A step; `early` is what whoever puts it before what must come first is told: the belief behind it."""

    text: str
    early: str = ""


class OrderQuestion(Asked):
    """Steps to put in order, in the file in the right one; each step that follows its own predecessor is a point.

    Somebody who guesses gets one point in k on average, for k steps.
    """

    kind: Literal["order"]
    steps: tuple[OrderStep, ...] = Field(min_length=3, max_length=7)
    because: str

    @model_validator(mode="after")
    def _beliefs_are_named(self) -> Self:
        if self.steps[0].early or not any(step.early for step in self.steps):
            raise ValueError(f"found no belief, or one at the first step of {self.id!r}, expected 'early' later")
        if len({step.text for step in self.steps}) < len(self.steps):
            raise ValueError(f"found two steps of one text in {self.id!r}, expected texts that differ")
        return self

    @property
    def points(self) -> int:
        """One less than there are steps."""
        return len(self.steps) - 1

    @property
    def key(self) -> str:
        """The steps as they stand in the file."""
        return " ".join(map(str, range(len(self.steps))))

    @property
    def why(self) -> str:
        """Why this order."""
        return self.because

    @property
    def shown(self) -> tuple[int, ...]:
        """The places of the steps as they are shown to all: no step behind its own, and not all reversed."""
        places, rng = list(range(len(self.steps))), random.Random(f"order:{self.id}")
        while any(then == first + 1 for first, then in pairwise(places)) or places[0] - places[-1] == len(places) - 1:
            rng.shuffle(places)
        return tuple(places)

    def read(self, typed: Sequence[str]) -> str:
        """Return the steps in order, from the place (1 is first) that was given to each step shown."""
        count = len(self.steps)
        ranks = [whole_in(text, 1, count) for text in typed]
        if len(ranks) != count or None in ranks:
            raise BadInput(f"Give every step a place from 1 to {count}.")
        if twice := sorted({rank for rank in ranks if ranks.count(rank) > 1 and rank is not None}):
            raise BadInput(f"Place {twice[0]} is given to two steps; give each place once.")
        by_rank = dict(zip(ranks, self.shown, strict=True))
        return " ".join(str(by_rank[rank]) for rank in range(1, count + 1))

    def fields(self, answer: str) -> list[str]:
        """Return the place (1 is first) of each step shown."""
        places = answer.split(" ")
        return [str(1 + places.index(str(step))) for step in self.shown]

    def knows(self, answer: str) -> bool:
        """Say whether every step stands in it once."""
        places = places_in(answer, len(self.steps), len(self.steps))
        return places is not None and len(set(places)) == len(places)

    def earned(self, answer: str) -> int:
        """Return how many steps come directly after the one that they come after."""
        return sum(then == first + 1 for first, then in pairwise(map(int, answer.split())))

    def beliefs(self, answer: str) -> tuple[str, ...]:
        """Return the beliefs of the steps that come too early."""
        return tuple(self.steps[step].early for step in self._early(answer))

    def words(self, answer: str) -> str:
        """Return the steps with their places."""
        return "; ".join(f"{rank}. {self.steps[int(step)].text}" for rank, step in enumerate(answer.split(), 1))

    def sort(self, answer: str) -> tuple[SortedAnswer, ...]:
        """Return the first step that comes too early, among those that a belief is known of."""
        named = [place for place, step in enumerate(self.steps) if step.early]
        early = self._early(answer)
        given = 0 if answer == self.key else 1 + named.index(early[0]) if early else 1 + len(named)
        classes = ("the right order", *(f"too early: {self.steps[one].text}" for one in named), "another order")
        return (SortedAnswer(part="", classes=classes, right=0, given=given, rest=True),)

    def _early(self, answer: str) -> list[int]:
        steps = list(map(int, answer.split()))
        return [one for at, one in enumerate(steps) if self.steps[one].early and any(x < one for x in steps[at + 1 :])]
