"""What a guard is to those who use one, and what a stage of one is: the family `guards`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from drillyard.guards.guard import Scorer

__all__ = ["AnyGuard", "Deeper", "Span", "Stage"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a reply scored highest: the behaviour, its score, and the characters of the window."""

    behaviour: str
    score: float
    begin: int
    end: int


class Stage(Protocol):
    """Rates a passage of a reply. Members of the family `guards` are opened by `argument=`, a text, and `folder=`.

    `reads` is how many words a passage has at most; `digest` is a hash of all that decides a rating.
    """

    @property
    def reads(self) -> int:
        """Words of a passage."""

    @property
    def digest(self) -> str:
        """Hash of all that decides a rating."""

    def rate(self, passage: str, behaviour: str) -> float:
        """Return how much a passage shows a behaviour: a finite number, on a scale of the stage's own."""


class AnyGuard(Protocol):
    """A guard: on words alone, or a cascade. `stages` are the names of what is asked beyond words."""

    @property
    def behaviours(self) -> tuple[str, ...]:
        """What it looks for."""

    @property
    def window(self) -> int:
        """Words that a score is of, and that are held back of a stream."""

    @property
    def digest(self) -> str:
        """Hash of all that decides a score: a calibration is of one guard."""

    @property
    def stages(self) -> tuple[str, ...]:
        """References of its stages beyond words."""

    def follow(self, hold: int = 0, limit: float = float("inf")) -> Scorer:
        """Return a scorer for one reply."""

    def score(self, text: str, limit: float = float("inf")) -> Span:
        """Return a whole reply's score, and where it first passes the limit, or else scores highest."""


class Deeper(Protocol):
    """Who a scorer asks about doubtful words of one reply."""

    @property
    def reached(self) -> tuple[float, ...]:
        """The most that each stage has said so far."""

    def hear(self, text: str) -> None:
        """Take in a piece of the reply."""

    def ask(self, scorer: Scorer, behaviour: str, end: int, *, last: bool) -> float:
        """Return what the last stage says of the words before `end`; minus infinity where it is not asked."""
