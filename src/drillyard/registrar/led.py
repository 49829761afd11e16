"""Activities that a facilitator leads: who took part and who showed what it is for, as the facilitator saw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from sqlalchemy import select

from drillyard.planning.graph import EVIDENCE
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Activity, Plan
from drillyard.registrar.store import Refused, Store
from drillyard.registrar.tables import LedRow

__all__ = ["MOST_NOTE", "OUTCOMES", "Led", "Outcome", "led_activities", "outcomes_of", "taken_by_oneself"]

Outcome = Literal["", "took-part", "not-yet", "shown"]
"""Nothing is recorded; was there; was there and has not shown it yet; has shown it."""

OUTCOMES: Mapping[Outcome, str] = {
    "": "not recorded",
    "took-part": "took part",
    "not-yet": "took part, not shown yet",
    "shown": "shown",
}
MOST_NOTE = 500
"""Characters of a note on somebody: a sentence or two."""


def taken_by_oneself(programme: ProgramFolder, activity: Activity) -> bool:
    """Say whether an activity is taken in the yard, so that nobody else has to record it."""
    return bool(activity.drill) or programme.lesson(activity) is not None


def outcomes_of(activity: Activity) -> tuple[Outcome, ...]:
    """Return what may be recorded of an activity: where it gives evidence, that it was shown or not yet, else that."""
    return ("", "not-yet", "shown") if activity.kind in EVIDENCE else ("", "took-part")


def led_activities(programme: ProgramFolder, plan: Plan) -> dict[str, Activity]:
    """Return the activities of a plan that a facilitator leads, by id, in the order of the plan."""
    steps = {step.activity.id: step.activity for role in plan.roles for step in role.activities}
    return {name: one for name, one in steps.items() if not taken_by_oneself(programme, one)}


class Led:
    """What was recorded in a yard's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, learner: str, activity: str, outcome: str, note: str, by: str) -> None:
        """Record what somebody did in an activity, in place of what was recorded before; nothing takes it back.

        Raises:
            Refused: an outcome that is none, or too long a note.
        """
        if outcome not in get_args(Outcome):
            raise Refused(f"found {outcome[:40]!r}, expected one of: {', '.join(filter(None, OUTCOMES))}")
        if len(note) > MOST_NOTE:
            raise Refused(f"found a note of {len(note)} characters, expected at most {MOST_NOTE}; say it shorter")
        with self._store.writing() as session:
            row = session.get(LedRow, (learner, activity))
            if (row.outcome if row else "", row.note if row else "") == (outcome, note):
                return
            if outcome:
                at = self._store.clock()
                session.merge(LedRow(learner=learner, activity=activity, outcome=outcome, note=note, by=by, at=at))
            elif row:
                session.delete(row)
            self._store.note(session, learner, activity, "led", f"{by}: {outcome or 'taken back'}")

    def of(self, learner: str) -> dict[str, LedRow]:
        """Return what was recorded of a learner, by activity."""
        return {row.activity: row for row in self._rows(LedRow.learner == learner)}

    def at(self, activity: str) -> dict[str, LedRow]:
        """Return what was recorded at an activity, by learner."""
        return {row.learner: row for row in self._rows(LedRow.activity == activity)}

    def all(self) -> list[LedRow]:
        """Return everything that was recorded, oldest first."""
        return self._rows()

    def _rows(self, *where: object) -> list[LedRow]:
        query = select(LedRow).where(*where).order_by(LedRow.at, LedRow.learner, LedRow.activity)  # type: ignore[arg-type]
        with self._store.reading() as session:
            return list(session.scalars(query))
