"""The floor: what a facilitator does while people work: a word to all, a pause, drills that are held, tips by hand.

All of it is in the database, so that a restart forgets nothing and each server sees the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from sqlalchemy import select

from drillyard.registrar.store import Refused, Store
from drillyard.registrar.tables import SwitchRow, TipRow

__all__ = ["ANNOUNCED", "MOST_WORDS", "PAUSED", "Floor", "held_switch", "said_hash"]

PAUSED, ANNOUNCED, _HELD = "paused", "announced", "held "
MOST_WORDS = 2000
"""Characters of a word to all or of a tip: more is no longer read between two messages."""


def held_switch(drill: str) -> str:
    """Return the switch that holds a drill back."""
    return f"{_HELD}{drill}"


def said_hash(said: Mapping[str, str]) -> str:
    """Return what tells one state of the words to all from another."""
    told = [said.get(name, "-") for name in (PAUSED, ANNOUNCED)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


class Floor:
    """The switches and tips in a yard's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def switches(self) -> dict[str, str]:
        """Return what is set, switch → the words to learners."""
        with self._store.reading() as session:
            return {row.name: row.words for row in session.scalars(select(SwitchRow))}

    def held(self) -> Collection[str]:
        """Return the drills that are held back."""
        return {name.removeprefix(_HELD) for name in self.switches() if name.startswith(_HELD)}

    def set(self, name: str, words: str, by: str) -> None:
        """Set a switch, in place of what it said before. Raises `Refused` for too many words."""
        row = SwitchRow(name=name, words=_short(words), by=by, at=self._store.clock())
        with self._store.writing() as session:
            session.merge(row)
            self._store.note(session, "", "", "set", f"{by}: {name}")

    def clear(self, name: str, by: str) -> None:
        """Take a switch back; one that is not set is left so."""
        with self._store.writing() as session:
            if row := session.get(SwitchRow, name):
                session.delete(row)
                self._store.note(session, "", "", "cleared", f"{by}: {name}")

    def tip(self, learner: str, instance: str, words: str, by: str) -> None:
        """Give a learner a hint by hand. Raises `Refused` for none, or too long a one."""
        if not words.strip():
            raise Refused("found an empty hint, expected a few words; type what helps them on")
        row = TipRow(learner=learner, instance=instance, words=_short(words), by=by, at=self._store.clock())
        with self._store.writing(learner) as session:
            session.add(row)
            self._store.note(session, learner, instance, "tip", by)

    def tips(self, learner: str, instance: str) -> list[TipRow]:
        """Return the hints that a learner was given by hand, oldest first."""
        mine = select(TipRow).where(TipRow.learner == learner, TipRow.instance == instance).order_by(TipRow.id)
        with self._store.reading() as session:
            return list(session.scalars(mine))


def _short(words: str) -> str:
    if len(words) > MOST_WORDS:
        raise Refused(f"found {len(words)} characters, expected at most {MOST_WORDS}; say it shorter")
    return words.strip()
