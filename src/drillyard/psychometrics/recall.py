"""Recall: when to ask for a fact again, so that it is still known nine times in ten: FSRS-6 by the library `fsrs`.

For facts alone. A drill is made anew for each try and is never spaced.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from fsrs import Card, Rating, Scheduler, State
from pydantic import Field

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["Recalled", "Review", "review", "still_known"]


class Recalled(IntEnum):
    """How well a fact came back."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


class Review(Record):
    """Where a fact stands: `stability` is after how many days nine in ten still know it, `difficulty` from 1 to 10."""

    stability: float = Field(gt=0)
    difficulty: float = Field(ge=1, le=10)
    step: int | None
    state: int = Field(ge=1, le=3)
    due: datetime
    last: datetime


_SCHEDULER = Scheduler(desired_retention=0.9, enable_fuzzing=False)


def review(before: Review | None, recalled: Recalled | int, at: datetime) -> Review:
    """Return where a fact stands after a review; `before` is None for the first.

    Raises:
        BadInput: a time without a zone, or before the last review; a grade that is none.
    """
    if recalled not in set(Recalled):
        raise bad_input(f"a grade of {recalled!r}", "1 again, 2 hard, 3 good or 4 easy")
    if at.tzinfo is None or (before and at < before.last):
        raise bad_input(f"a review at {at.isoformat()}", "a time with its zone, not before the last review")
    card, _ = _SCHEDULER.review_card(_card(before, at), Rating(int(recalled)), at)
    if card.stability is None or card.difficulty is None:
        raise AssertionError("a reviewed card has a stability")
    return Review(
        stability=card.stability,
        difficulty=card.difficulty,
        step=card.step,
        state=int(card.state),
        due=card.due,
        last=at,
    )


def still_known(review: Review, at: datetime) -> float:
    """Return the chance that a fact is recalled at a time at or after its last review."""
    return float(_SCHEDULER.get_card_retrievability(_card(review, at), at))


def _card(before: Review | None, at: datetime) -> Card:
    if before is None:
        return Card(card_id=1, due=at)
    return Card(
        card_id=1,
        state=State(before.state),
        step=before.step,
        stability=before.stability,
        difficulty=before.difficulty,
        due=before.due,
        last_review=before.last,
    )
