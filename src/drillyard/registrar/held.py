"""What the yard holds for a learner between two steps: an upload that was checked, the last trial of a policy, looks.

Unlike a draft it is made by the server, so that what it says was checked was checked: no form writes it.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from sqlalchemy import delete

from drillyard.records import AnySubmission, Look, OracleTrial, Record, read_any
from drillyard.records.files import as_lines, split_lines
from drillyard.registrar.store import Refused, Store, require_open
from drillyard.registrar.tables import HeldRow

__all__ = ["Held", "Tried", "Waiting"]

_UPLOAD, _TRIAL, _LOOKS = "upload", "trial", "looks"


class Waiting(NamedTuple):
    """An upload that waits for its learner's word; `digest` names exactly what they were shown."""

    submission: AnySubmission
    digest: str


class Tried(Record):
    """The text of a policy, and what came of it on last year."""

    policy: str
    trial: OracleTrial


class Held:
    """What is held in a yard's database: one of a kind for a learner and a drill, the newer for the older."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def wait(self, submission: AnySubmission) -> None:
        """Hold a checked submission until its learner hands it in."""
        self._keep(submission.learner, submission.instance, _UPLOAD, submission.to_json())

    def waiting(self, learner: str, instance: str) -> Waiting | None:
        """Return the upload that waits, or `None`."""
        body = self._body(learner, instance, _UPLOAD)
        return Waiting(read_any(body), hashlib.sha256(body.encode()).hexdigest()) if body else None

    def tried(self, learner: str, instance: str) -> Tried | None:
        """Return the last trial, or `None`."""
        body = self._body(learner, instance, _TRIAL)
        return Tried.from_json(body) if body else None

    def keep_trial(self, learner: str, instance: str, tried: Tried) -> None:
        """Hold a trial in place of the one before."""
        self._keep(learner, instance, _TRIAL, tried.to_json())

    def looks(self, learner: str, instance: str) -> list[Look]:
        """Return the looks that were taken, oldest first."""
        return _looks(self._body(learner, instance, _LOOKS))

    def keep_look(self, learner: str, instance: str, look: Look, most: int) -> None:
        """Add a look to those that were taken; one that is there already costs nothing.

        Raises:
            Refused: the attempt is over, or all looks are used up.
        """
        with self._store.writing(learner) as session:
            require_open(session, learner, instance)
            row = session.get(HeldRow, (learner, instance, _LOOKS))
            taken = _looks(row.body if row else "")
            if any(one.key == look.key for one in taken):
                return
            if len(taken) >= most:
                raise Refused(f"You have taken all {most} looks of this drill. Say what they show, and hand in.")
            body = as_lines([*taken, look]).decode()
            session.merge(HeldRow(learner=learner, instance=instance, what=_LOOKS, body=body, at=self._store.clock()))
            self._store.note(session, learner, instance, "looked", look.key)

    def drop(self, learner: str, instance: str) -> None:
        """Forget what is held for a drill, but for looks: handing in what cannot be graded gives none back."""
        mine = (HeldRow.learner == learner, HeldRow.instance == instance, HeldRow.what != _LOOKS)
        with self._store.writing(learner) as session:
            session.execute(delete(HeldRow).where(*mine))

    def _keep(self, learner: str, instance: str, what: str, body: str) -> None:
        row = HeldRow(learner=learner, instance=instance, what=what, body=body, at=self._store.clock())
        with self._store.writing(learner) as session:
            session.merge(row)

    def _body(self, learner: str, instance: str, what: str) -> str:
        with self._store.reading() as session:
            row = session.get(HeldRow, (learner, instance, what))
        return row.body if row else ""


def _looks(body: str) -> list[Look]:
    return [Look.from_json(line) for line in split_lines(body) if line]
