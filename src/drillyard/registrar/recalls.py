"""Recall cards: facts of the lessons that a learner has done, asked again when they are about to forget them.

When a card is due follows FSRS-6 (`psychometrics.recall`). A drill is never a card: it is made anew for each try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from drillyard.errors import bad_input
from drillyard.planning.lessons import Lesson
from drillyard.planning.questions import AnyQuestion
from drillyard.psychometrics.recall import Review, review
from drillyard.registrar.lessons import Answers
from drillyard.registrar.store import Store
from drillyard.registrar.tables import RecallRow

__all__ = ["RecallCard", "Recalls", "cards_of"]


@dataclass(frozen=True, kw_only=True)
class RecallCard:
    """A question of a lesson, to be answered from memory; `key` is the same as long as lesson and question are."""

    key: str
    lesson: str
    question: AnyQuestion

    @property
    def answer(self) -> str:
        """The right answer in words."""
        return self.question.words(self.question.key)

    @property
    def why(self) -> str:
        """Why it is right."""
        return self.question.why


def cards_of(lessons: Sequence[tuple[str, Lesson, Answers]]) -> list[RecallCard]:
    """Return a card per question that is closed, of (title, lesson, answers): what was not met is not asked again."""
    return [
        RecallCard(key=f"{lesson.id}/{question.id}", lesson=title, question=question)
        for title, lesson, answers in lessons
        for question in lesson.questions
        if answers.closed(question)
    ]


class Recalls:
    """The reviews in a yard's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reviews(self, learner: str) -> Mapping[str, Review]:
        """Return where each of a learner's cards stands."""
        with self._store.reading() as session:
            rows = session.scalars(select(RecallRow).where(RecallRow.learner == learner))
            return {row.card: Review.from_json(row.body) for row in rows}

    def due(self, learner: str, cards: Sequence[RecallCard]) -> list[RecallCard]:
        """Return the cards that are due, the longest due first; a card that was never asked is due, last."""
        now, known = self._now(), self.reviews(learner)
        old = [card for card in cards if card.key in known and known[card.key].due <= now]
        return sorted(old, key=lambda card: known[card.key].due) + [card for card in cards if card.key not in known]

    def recall(self, learner: str, card: RecallCard, recalled: int, seen: str) -> None:
        """Keep how well a card came back. `seen` tells how often it had been: a second click changes nothing.

        Raises:
            BadInput: a grade that is none.
        """
        with self._store.writing(learner) as session:
            row = session.get(RecallRow, (learner, card.key))
            times = row.times if row else 0
            if recalled not in range(1, 5):
                raise bad_input(f"a grade of {recalled}", "1 to 4")
            if str(times) != seen:
                return
            before = Review.from_json(row.body) if row else None
            body = review(before, recalled, max(self._now(), before.last) if before else self._now()).to_json()
            session.merge(RecallRow(learner=learner, card=card.key, body=body, times=times + 1))

    def times(self, learner: str, card: RecallCard) -> int:
        """Return how often a card was asked."""
        with self._store.reading() as session:
            row = session.get(RecallRow, (learner, card.key))
        return row.times if row else 0

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._store.clock(), UTC)
