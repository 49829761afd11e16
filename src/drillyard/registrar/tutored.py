"""What is asked of the tutor: so often at a copy, a minute apart, and each hint is given and charged once."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Select, select

from drillyard.drills.tutoring.rules import Advice
from drillyard.registrar.store import Store, require_open
from drillyard.registrar.tables import EventRow, HintRow

__all__ = ["MOST_ASKS", "SECONDS_BETWEEN", "Asked", "Tutored"]

MOST_ASKS, SECONDS_BETWEEN = 12, 60.0
"""How often somebody may ask at a copy, silence counted, and the seconds from one time to the next: no family has more
rules than that, and what changes within a minute is no work that a hint could react to."""

_ADVICE, _ASKED = 1000, "advised"
"""The place of a tutor's first hint among a copy's hints, behind all that a drill has; the event of an ask."""

Asked = Literal["advice", "silence", "stale", "soon", "spent"]
"""What came of asking: a hint, none, or nothing was taken: of an old page, within the minute, or no ask is left."""


class Tutored:
    """What was asked of the tutor, in a yard's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def left(self, learner: str, instance: str) -> int:
        """Return how often a learner may still ask at a copy."""
        with self._store.reading() as session:
            return MOST_ASKS - len(session.scalars(_asks(learner, instance)).all())

    def ask(self, learner: str, instance: str, after: str, advice: Advice | None, cost: float) -> Asked:
        """Keep that somebody asked, and the hint where there is one, in one transaction.

        Args:
            learner: who asks.
            instance: the copy.
            after: how many hints of the tutor stood on their page; at another number nothing is kept.
            advice: the hint, `None` for silence.
            cost: what a hint takes, as a share of what a score has above the pass mark.

        Raises:
            Refused: the attempt is over.
        """
        place, now = HintRow.place, self._store.clock()
        tutors = select(place).where(HintRow.learner == learner, HintRow.instance == instance, place >= _ADVICE)
        with self._store.writing(learner) as session:
            require_open(session, learner, instance)
            given, asked = len(session.scalars(tutors).all()), session.scalars(_asks(learner, instance)).all()
            if after != str(given):
                return "stale"
            if len(asked) >= MOST_ASKS:
                return "spent"
            if any(0 <= now - at < SECONDS_BETWEEN for at in asked):
                return "soon"
            self._store.note(session, learner, instance, _ASKED, advice.rule if advice else "")
            if advice is None:
                return "silence"
            told = {"rule": advice.rule, "words": advice.words, "cost": cost, "at": now}
            session.add(HintRow(learner=learner, instance=instance, place=_ADVICE + given, **told))
            return "advice"


def _asks(learner: str, instance: str) -> Select[float]:
    """Select when somebody asked at a copy."""
    return select(EventRow.at).where(
        EventRow.learner == learner, EventRow.instance == instance, EventRow.kind == _ASKED
    )
