"""Rows to match with targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from drillyard.errors import BadInput
from drillyard.planning.questions.base import Asked, SortedAnswer, places_in
from drillyard.records import Record

__all__ = ["MatchQuestion", "MatchRow"]


class MatchRow(Record):
    """A row with its target; `mistaken` says to whoever chose another target what leads there."""

    text: str
    to: str
    why: str
    mistaken: dict[str, str] = {}


class MatchQuestion(Asked):
    """Rows to match with targets; each right row is a point. A target may serve several rows, or none."""

    kind: Literal["match"]
    targets: tuple[str, ...] = Field(min_length=2, max_length=7)
    rows: tuple[MatchRow, ...] = Field(min_length=2, max_length=7)

    @model_validator(mode="after")
    def _targets_are_there(self) -> Self:
        named = [target for row in self.rows for target in (row.to, *row.mistaken)]
        if lost := [target for target in named if target not in self.targets]:
            raise ValueError(f"found {lost[0]!r} in {self.id!r}, expected one of: {', '.join(self.targets)}")
        if any(row.to in row.mistaken for row in self.rows) or not any(row.mistaken for row in self.rows):
            raise ValueError(
                f"found no belief behind a wrong match in {self.id!r}, or one behind the right, expected one"
            )
        return self

    @property
    def points(self) -> int:
        """As many as there are rows."""
        return len(self.rows)

    @property
    def key(self) -> str:
        """The target of each row."""
        return " ".join(str(self.targets.index(row.to)) for row in self.rows)

    @property
    def why(self) -> str:
        """Why each row has its target."""
        return " ".join(row.why for row in self.rows)

    def read(self, typed: Sequence[str]) -> str:
        """Return the target of each row."""
        answer = " ".join(typed)
        if not self.knows(answer):
            raise BadInput("Choose something for every row first.")
        return answer

    def knows(self, answer: str) -> bool:
        """Say whether every row has a target that is there."""
        return places_in(answer, len(self.rows), len(self.targets)) is not None

    def earned(self, answer: str) -> int:
        """Return how many rows have their target."""
        return sum(row.to == given for row, given in self._matched(answer))

    def beliefs(self, answer: str) -> tuple[str, ...]:
        """Return what leads to each wrong match, or why the row has another target where nothing is known to."""
        wrong = [(row, given) for row, given in self._matched(answer) if row.to != given]
        return tuple(f"“{row.text}”: {row.mistaken.get(given, row.why)}" for row, given in wrong)

    def words(self, answer: str) -> str:
        """Return each row with its target."""
        return "; ".join(f"{row.text} → {given}" for row, given in self._matched(answer))

    def sort(self, answer: str) -> tuple[SortedAnswer, ...]:
        """Return one part per row: its target among all of them."""
        parts = zip(self.rows, map(int, answer.split()), strict=True)
        return tuple(
            SortedAnswer(part=row.text, classes=self.targets, right=self.targets.index(row.to), given=given)
            for row, given in parts
        )

    def _matched(self, answer: str) -> list[tuple[MatchRow, str]]:
        return [(row, self.targets[int(place)]) for row, place in zip(self.rows, answer.split(), strict=True)]
