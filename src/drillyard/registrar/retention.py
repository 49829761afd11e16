"""Forgetting: one learner altogether, and what is older than it need be.

A learner who is forgotten loses name, code and copies in the roster, and everything typed, said and held. Their grades
and events stay under an id that leads to nobody any more: what was counted stays counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from drillyard.errors import bad_input
from drillyard.programs.again import find_learner
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Grade, Submission
from drillyard.registrar.located import kept_store
from drillyard.registrar.store import Store
from drillyard.registrar.tables import (
    BoardRow,
    ChatRow,
    ClaimRow,
    DraftRow,
    FitRow,
    GradeRow,
    HeldRow,
    JoinRow,
    LaunchRow,
    LedRow,
    PlatformUserRow,
    RecallRow,
    ScoreRow,
    SessionRow,
    SubmissionRow,
    TicketRow,
    TipRow,
)

__all__ = ["AGED", "expire", "forget"]

_THEIRS: tuple[Any, ...] = (
    BoardRow, ChatRow, ClaimRow, DraftRow, FitRow, HeldRow, JoinRow, PlatformUserRow, RecallRow, ScoreRow, SessionRow,
    TicketRow, TipRow,
)  # fmt: skip
"""Everything of a learner but who they were here, their hints, submissions, grades and events."""

AGED: Mapping[str, Any] = {"chats": ChatRow.at, "drafts": DraftRow.at, "held": HeldRow.at, "tips": TipRow.at}
"""What may be taken away by age, and the time that it is measured by."""


def forget(folder: ProgramFolder, name: str) -> str:
    """Forget a learner, who is named by id or name, and return the id that now leads to nobody.

    Raises:
        BadInput: no such learner.
    """
    learner = find_learner(folder, name)
    with folder.changing_roster():
        roster = folder.roster()
        if learner not in [one.id for one in roster.learners]:
            raise bad_input(
                f"learner {name[:100]!r}", f"an id or a name; list them: drillyard yard people {folder.path}"
            )
        folder.write_roster(roster.without(learner))
        folder.write_people({one: words for one, words in folder.people().items() if one != learner})
    with kept_store(folder) as store:
        if store:
            _empty(store, learner)
    return learner


def expire(folder: ProgramFolder, days: Mapping[str, float]) -> dict[str, int]:
    """Take away what is older than so many days, by kind, and return how much of each it was.

    Raises:
        BadInput: a kind that is none, or a negative age.
    """
    for kind, age in days.items():
        if kind not in AGED or age < 0:
            raise bad_input(f"{kind} older than {age} days", f"days of: {', '.join(AGED)}")
    folder.brief()
    gone = dict.fromkeys(days, 0)
    with kept_store(folder) as store:
        if store is None:
            return gone
        with store.writing() as session:
            for kind, age in days.items():
                column = AGED[kind]
                done: Any = session.execute(delete(column.class_).where(column < store.clock() - 86400 * age))
                gone[kind] = done.rowcount
            session.execute(delete(LaunchRow).where(LaunchRow.until < store.clock()))
            store.note(session, "", "", "expired", json.dumps(gone))
    return gone


def _empty(store: Store, learner: str) -> None:
    """Take away what a learner wrote; of what they handed in, and of its grade, everything but numbers and hashes."""
    with store.writing() as session:
        for table in _THEIRS:
            session.execute(delete(table).where(table.learner == learner))
        for row in session.scalars(select(SubmissionRow).where(SubmissionRow.learner == learner)):
            row.body, row.error = Submission(instance=row.instance, learner=learner, claims=()).to_json(), ""
            if grade := session.get(GradeRow, row.id):
                plain = {"claims": (), "answers": None, "trial": None, "trade": None, "verdict": "Taken away."}
                grade.body = Grade.from_json(grade.body).model_copy(update=plain).to_json()
        for led in session.scalars(select(LedRow).where(LedRow.learner == learner)):
            led.note = ""
        store.note(session, learner, "", "forgotten")
