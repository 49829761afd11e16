"""Answer types by their size: bits per answer and per year, and how many answers a payload needs."""

from __future__ import annotations

import math
import re

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "AnswerType", "answer_type", "answers_needed", "bits_per_year"]

DOES_NOT_SHOW = (
    "This does not show what an answer does to whoever reads it, nor channels that are not listed (power, load, which "
    "questions are asked next): bits bound a payload, one true sentence can persuade."
)

_DAYS, _YEAR = 365.25, 365


class AnswerType(Record):
    """A type of answer with the ways in which one can differ from another.

    `symbols` counts the values, `slots` the moments at which an answer may arrive (1: padded to a constant time),
    `refusal` adds one symbol for no answer.
    """

    name: str
    symbols: int
    slots: int = 1
    refusal: bool = False

    @property
    def size(self) -> int:
        """Distinguishable answers: a refusal can be timed as well."""
        return (self.symbols + self.refusal) * self.slots

    @property
    def bits(self) -> float:
        """The most bits that one answer can carry."""
        return math.log2(self.size)


def answer_type(words: str, slots: int = 1, refusal: bool = False) -> AnswerType:
    """Return a type by its words: binary, grid-N, categorical-N, or days-N (a day within N years of 365.25 days).

    Raises:
        BadInput: other words, fewer than two values, or fewer than one slot.
    """
    found = re.fullmatch(r"(binary|grid-(\d{1,9})|categorical-(\d{1,9})|days-(\d{1,6}))", words)
    if not found or slots < 1:
        raise bad_input(
            f"the answer {words!r} with {slots} slots",
            "binary, grid-N, categorical-N or days-N; 1 slot or more",
            "try grid-21",
        )
    grid, categories, years = found[2], found[3], found[4]
    symbols = round(int(years) * _DAYS) if years else int(grid or categories or 2)
    if symbols < 2:
        raise bad_input(f"the answer {words!r}", "at least two values", "try grid-21")
    return AnswerType(name=words, symbols=symbols, slots=slots, refusal=refusal)


def bits_per_year(bits: float, per_day: float) -> float:
    """Return the bits of `per_day` answers a day over 365 days."""
    if not (bits >= 0 and per_day >= 0):
        raise bad_input(f"{bits:g} bits, {per_day:g} answers a day", "numbers of 0 or more")
    return bits * per_day * _YEAR


def answers_needed(payload: float, capacity: float, entropy: float = 0.0) -> int | None:
    """Return ceil(payload / (capacity − entropy)): answers that a payload of bits needs; None when none suffice.

    `entropy` is what honest answers use up of the channel: bits that an observer who knows the honest distribution
    would see missing.

    Raises:
        BadInput: a negative number.
    """
    if min(payload, capacity, entropy) < 0:
        raise bad_input(f"payload {payload:g}, capacity {capacity:g}, entropy {entropy:g}", "numbers of 0 or more")
    spare = capacity - entropy
    return math.ceil(round(payload / spare, 9)) if spare > 1e-12 else None
