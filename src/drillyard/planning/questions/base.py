"""What all kinds of questions share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.records import Record

__all__ = ["Asked", "SortedAnswer", "places_in", "whole_in"]


@dataclass(frozen=True, kw_only=True)
class SortedAnswer:
    """An answer, or a part of one, among all that could be given: `classes` in words, the right one, the given one.

    With `rest` the last class holds all answers that no belief is known of.
    """

    part: str
    classes: tuple[str, ...]
    right: int
    given: int
    rest: bool = False


class Asked(Record):
    """What all kinds of questions share."""

    id: str
    ask: str

    @property
    def points(self) -> int:
        """Most points of an answer."""
        return 1

    @property
    def key(self) -> str:
        """The right answer, as it is kept."""
        raise NotImplementedError

    @property
    def why(self) -> str:
        """Why it is right."""
        raise NotImplementedError

    def read(self, typed: Sequence[str]) -> str:
        """Return the answer that a form's fields hold, in their order. Raises `BadInput` with what to change."""
        raise NotImplementedError

    def fields(self, answer: str) -> list[str]:
        """Return what the form's fields hold when an answer is typed: `read` the other way round."""
        return answer.split(" ")

    def knows(self, answer: str) -> bool:
        """Say whether a kept answer is one to this question as it is today."""
        raise NotImplementedError

    def earned(self, answer: str) -> int:
        """Return the points of an answer."""
        raise NotImplementedError

    def beliefs(self, answer: str) -> tuple[str, ...]:
        """Return what is said to whoever gave a wrong answer: one reply per belief that leads to it."""
        raise NotImplementedError

    def words(self, answer: str) -> str:
        """Return an answer in words."""
        raise NotImplementedError

    def sort(self, answer: str) -> tuple[SortedAnswer, ...]:
        """Return where an answer stands among all that could be given, part by part: what refinement counts."""
        raise NotImplementedError


def places_in(answer: str, many: int, below: int) -> list[int] | None:
    """Return so many whole numbers below a limit, or nothing."""
    found = [place for text in answer.split(" ") if (place := whole_in(text, 0, below - 1)) is not None]
    return found if len(found) == many == len(answer.split(" ")) else None


def whole_in(text: str, low: int, high: int) -> int | None:
    """Return a whole number in a range, or nothing."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 and low <= int(text) <= high else None
