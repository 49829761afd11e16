"""One of several options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from drillyard.errors import BadInput
from drillyard.planning.questions.base import Asked, SortedAnswer, places_in
from drillyard.records import Record

__all__ = ["LessonOption", "LessonQuestion"]


class LessonOption(Record):
    """What can be chosen, and what whoever chose it is told."""

    text: str
    why: str
    right: bool = False


class LessonQuestion(Asked):
    """A question with two to five options, one of which is right."""

    kind: Literal["choice"] = "choice"
    options: tuple[LessonOption, ...] = Field(min_length=2, max_length=5)

    @model_validator(mode="after")
    def _one_is_right(self) -> Self:
        if (right := sum(option.right for option in self.options)) != 1:
            raise ValueError(f"found {right} right options in the question {self.id!r}, expected 1")
        return self

    @property
    def key(self) -> str:
        """The place of the right option."""
        return str(next(place for place, option in enumerate(self.options) if option.right))

    @property
    def why(self) -> str:
        """What the right option says."""
        return self.options[int(self.key)].why

    def read(self, typed: Sequence[str]) -> str:
        """Return the option that was chosen."""
        if len(typed) != 1 or not self.knows(typed[0]):
            raise BadInput("Choose one of the options first.")
        return typed[0]

    def knows(self, answer: str) -> bool:
        """Say whether there is such an option."""
        return places_in(answer, 1, len(self.options)) is not None

    def earned(self, answer: str) -> int:
        """Return 1 for the right option."""
        return int(self.options[int(answer)].right)

    def beliefs(self, answer: str) -> tuple[str, ...]:
        """Return what the chosen option says, where it is wrong."""
        chosen = self.options[int(answer)]
        return () if chosen.right else (chosen.why,)

    def words(self, answer: str) -> str:
        """Return the option's text."""
        return self.options[int(answer)].text

    def sort(self, answer: str) -> tuple[SortedAnswer, ...]:
        """Return the option among all of them."""
        texts = tuple(option.text for option in self.options)
        return (SortedAnswer(part="", classes=texts, right=int(self.key), given=int(answer)),)
