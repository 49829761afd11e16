"""Drafts: what stands in a form that is not sent yet, kept as it is typed.

A draft is the form's fields as they were typed, mistakes and all; it belongs to one learner and one drill, and goes
when the form is sent, when the work is handed in, or when its learner clears it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import delete

from drillyard.registrar.store import Refused, Store
from drillyard.registrar.tables import DraftRow

__all__ = ["FORMS", "MOST_DRAFT", "Draft", "Drafts"]

FORMS = ("claim", "say", "policy", "answers")
"""Forms that are kept: a claim, a message to the model, a policy, answers on a paper."""
MOST_DRAFT = 40_000
"""Most characters of a draft: more than any of these forms takes when it is sent."""

_HELD_BACK = {"csrf"}


class Draft:
    """The fields of a form that was left."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self.fields = tuple(fields)

    def one(self, name: str) -> str:
        """Return a field's text, or the empty string."""
        return next((value for key, value in self.fields if key == name), "")

    def many(self, name: str) -> list[str]:
        """Return all texts of a repeated field."""
        return [value for key, value in self.fields if key == name]


class Drafts:
    """The drafts in a yard's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, learner: str, instance: str, form: str, fields: Sequence[tuple[str, str]]) -> None:
        """Keep what stands in a form in place of what stood in it before. Raises `Refused` for too much of it."""
        body = json.dumps([field for field in fields if field[0] not in _HELD_BACK], ensure_ascii=False)
        if form not in FORMS or len(body) > MOST_DRAFT:
            found = f"found {len(body)} characters in the form {form[:40]!r}"
            raise Refused(f"{found}, expected at most {MOST_DRAFT} in a known form; shorten what you typed")
        row = DraftRow(learner=learner, instance=instance, form=form, body=body, at=self._store.clock())
        with self._store.writing(learner, lasting=False) as session:
            session.merge(row)

    def of(self, learner: str, instance: str, form: str) -> Draft | None:
        """Return what was left in a form, or `None`."""
        with self._store.reading() as session:
            row = session.get(DraftRow, (learner, instance, form))
        return Draft([(name, value) for name, value in json.loads(row.body)]) if row else None

    def drop(self, learner: str, instance: str, *forms: str) -> None:
        """Forget forms, all of them where none is named."""
        mine = delete(DraftRow).where(DraftRow.learner == learner, DraftRow.instance == instance)
        with self._store.writing(learner, lasting=False) as session:
            session.execute(mine.where(DraftRow.form.in_(forms or FORMS)))
