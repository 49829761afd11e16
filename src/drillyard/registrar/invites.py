"""Invitations: a link by which people join a role of a running programme, each once.

The token is in the link alone; the database holds its hash, so a stolen copy invites nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import join
from drillyard.programs.people import Person
from drillyard.programs.roster import Learner
from drillyard.records.names import person_name, visible_name
from drillyard.registrar.located import open_store
from drillyard.registrar.store import Refused, Store, digest
from drillyard.registrar.tables import InviteRow, JoinRow

__all__ = ["MOST_DAYS", "MOST_PLACES", "Invites", "make_link", "mark_of", "opened_links", "tell_end"]

MOST_PLACES, MOST_DAYS = 500, 90
"""A link that leaks lets in no more people, and for no longer: an intake, a quarter."""

_OVER = "This link is used up or has run out. Ask whoever sent it to you for a new one."


class Invites:
    """The links of a yard's database, and the roster that they lead to."""

    def __init__(self, store: Store, programme: ProgramFolder) -> None:
        self._store, self._programme = store, programme

    def make(self, role: str, by: str, team: str = "", places: int = 1, days: int = 14) -> str:
        """Return the token of a new link. Raises `BadInput` for a role of no plan, or too many places or days."""
        roles = [one.role for one in self._programme.plan().roles]
        if role not in roles:
            raise bad_input(f"role {role[:100]!r}", f"one of: {', '.join(roles)}")
        if not 1 <= places <= MOST_PLACES or not 1 <= days <= MOST_DAYS:
            raise bad_input(f"{places} places for {days} days", f"1 to {MOST_PLACES} for 1 to {MOST_DAYS}")
        team = visible_name(team, "team", 60) if team.strip() else ""
        token, now = secrets.token_urlsafe(24), self._store.clock()
        row = InviteRow(
            token_hash=digest(token), role=role, team=team, places=places, by=by, expires=now + days * 86400
        )
        with self._store.writing() as session:
            session.execute(delete(InviteRow).where(InviteRow.expires <= now))
            session.add(row)
            self._store.note(session, "", "", "invited", f"{by}: {places} to {role}")
        return token

    def open(self) -> list[InviteRow]:
        """Return the links that still let somebody in, the first to run out first."""
        with self._store.reading() as session:
            live = select(InviteRow).where(InviteRow.places > 0, InviteRow.expires > self._store.clock())
            return list(session.scalars(live.order_by(InviteRow.expires, InviteRow.token_hash)))

    def end(self, mark: str, by: str) -> None:
        """End a link, which is named by its mark (`mark_of`); who came by it stays. Raises `BadInput` for none."""
        with self._store.writing() as session:
            ended = [one for one in session.scalars(select(InviteRow)) if mark_of(one) == mark]
            if not ended:
                raise bad_input(f"the link {mark[:40]!r}", "one that is open", "list them: drillyard yard links")
            for one in ended:
                session.delete(one)
                self._store.note(session, "", "", "link ended", f"{by}: {one.places} to {one.role}")

    def look(self, token: str) -> InviteRow | None:
        """Return what a link leads to, or `None` once it is over."""
        with self._store.reading() as session:
            return self._open(session, token)

    def join(self, token: str, browser: str, name: str) -> Learner:
        """Give somebody a place of their own and return it; the same browser gets the same place again.

        Nobody gets the place of somebody who is there already, whatever they type, nor hears that there is one.

        Raises:
            Refused: the link is over.
            BadInput: a name that is none, or that stands for the staff or an id.
        """
        key = digest(f"{token} {browser}")
        with self._store.writing() as session:  # its lock is held while the roster changes: two clicks are one
            if before := self._joined(session, key):
                return before
            row = self._open(session, token)
            if row is None:
                raise Refused(_OVER)
            learner = join(self._programme, Person(name=person_name(name), role=row.role, team=row.team))
            row.places -= 1
            session.merge(JoinRow(browser=key, learner=learner.id))
            self._store.note(session, learner.id, "", "joined")
        return learner

    def joined(self, token: str, browser: str) -> bool:
        """Say whether this browser got a place by this link, so that a second click is the first one again."""
        with self._store.reading() as session:
            return self._joined(session, digest(f"{token} {browser}")) is not None

    def _joined(self, session: Session, key: str) -> Learner | None:
        before = session.get(JoinRow, key)
        learners = self._programme.roster().learners if before else ()
        return next((one for one in learners if before and one.id == before.learner), None)

    def _open(self, session: Session, token: str) -> InviteRow | None:
        row = session.get(InviteRow, digest(token))
        return row if row is not None and row.places > 0 and row.expires > self._store.clock() else None


def mark_of(link: InviteRow) -> str:
    """Return what a link is named by; nobody joins by it, since it comes from the hash of the token."""
    return link.token_hash[:8]


def tell_end(link: InviteRow) -> str:
    """Return when a link runs out, to read."""
    return f"{datetime.fromtimestamp(link.expires, UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def opened_links(programme: ProgramFolder) -> Iterator[Invites]:
    """Open the links of a programme, whether it is served or not. Raises `BadInput` for a folder that is none."""
    programme.brief()  # before a database is made in it
    store = open_store(programme)
    try:
        yield Invites(store, programme)
    finally:
        store.close()


def make_link(programme: ProgramFolder, role: str, team: str, places: int, days: int) -> str:
    """Return the token of a new link into a programme, whether it is served or not. Raises as `Invites.make`."""
    with opened_links(programme) as links:
        return links.make(role, "designer", team, places, days)
