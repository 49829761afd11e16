"""What the yard holds for a learner between two steps: an upload that was checked, and the last trial of a policy.

Unlike a draft it is made by the server, so that what it says was checked was checked: no form writes it.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from sqlalchemy import delete

from drillyard.records import AnySubmission, OracleTrial, Record, read_any
from drillyard.yard.store import Store
from drillyard.yard.tables import HeldRow

__all__ = ["Held", "Tried", "Waiting"]

_UPLOAD, _TRIAL = "upload", "trial"


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

    def drop(self, learner: str, instance: str) -> None:
        """Forget all that is held for a drill."""
        with self._store.writing() as session:
            session.execute(delete(HeldRow).where(HeldRow.learner == learner, HeldRow.instance == instance))

    def _keep(self, learner: str, instance: str, what: str, body: str) -> None:
        row = HeldRow(learner=learner, instance=instance, what=what, body=body, at=self._store.clock())
        with self._store.writing() as session:
            session.merge(row)

    def _body(self, learner: str, instance: str, what: str) -> str:
        with self._store.reading() as session:
            row = session.get(HeldRow, (learner, instance, what))
        return row.body if row else ""
