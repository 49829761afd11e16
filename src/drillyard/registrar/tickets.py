"""Tickets: a random word of a shell in a course platform, to which a learner lends how far they are with one drill.

Whoever knows the ticket, which the platform keeps for its learner, reads a state and a score, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.attempts import attempts_of
from drillyard.registrar.store import Refused, Store, digest
from drillyard.registrar.tables import TicketRow

__all__ = ["ShellState", "Tickets", "is_ticket"]


def is_ticket(text: str) -> bool:
    """Say whether a text is such a word: 24 random bytes as hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{48}", text) is not None


@dataclass(frozen=True, kw_only=True)
class ShellState:
    """How far a learner is with a drill: their passed try, or else their last; `score` in 0…1 once there is one."""

    status: Literal["unknown", "incomplete", "passed", "failed"]
    score: float | None = None
    seconds: float | None = None


class Tickets:
    """The tickets in a yard's database; only hashes are kept."""

    def __init__(self, store: Store, programme: ProgramFolder) -> None:
        self._store, self._programme = store, programme

    def lend(self, ticket: str, learner: str, drill: str) -> None:
        """Bind a ticket to a learner's drill. Raises `Refused` where another learner, or drill, has it."""
        with self._store.writing() as session:
            row = session.get(TicketRow, digest(ticket))
            if row is not None and (row.learner, row.drill) != (learner, drill):
                raise Refused(
                    "found a course window that is in use for somebody else; open the activity anew from your course"
                )
            if row is None:
                session.add(TicketRow(ticket_hash=digest(ticket), learner=learner, drill=drill, at=self._store.clock()))

    def state(self, ticket: str) -> ShellState:
        """Return how far the learner of a ticket is."""
        with self._store.reading() as session:
            row = session.get(TicketRow, digest(ticket))
        if row is None:
            return ShellState(status="unknown")
        tries = [one for one in attempts_of(self._programme, self._store, row.learner) if one.drill == row.drill]
        graded = [one for one in tries if one.grade is not None]
        told = next((one for one in graded if one.grade and one.grade.passed), graded[-1] if graded else None)
        if told is None or told.grade is None:
            return ShellState(status="incomplete")
        seconds = 60 * told.minutes if told.minutes is not None else None
        return ShellState(
            status="passed" if told.grade.passed else "failed", score=round(told.grade.final, 4), seconds=seconds
        )
