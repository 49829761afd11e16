"""Course platforms that may launch drills by LTI 1.3: who they are, whom they sent, and the scores that they wait for.

The platforms stand in `lti.json` in the programme folder, written by its designer. A person is known by what the
platform calls them, as a hash; no name or address is taken. This file holds no LTI: that is `tool_lti.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field
from sqlalchemy import delete, func, select

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import admit
from drillyard.programs.roster import Learner
from drillyard.records import Record
from drillyard.records.files import read_record
from drillyard.registrar.store import Store, digest
from drillyard.registrar.tables import EventRow, LaunchRow, PlatformUserRow, ScoreRow

__all__ = ["LTI_FILE", "Platform", "Platforms", "PlatformsFile", "read_platforms"]

LTI_FILE = "lti.json"
_HTTP = r"https?://[^\s\"'<>]{1,400}"
LAUNCH_SECONDS = 600.0
"""From the platform's login to the launch, and from a deep link's launch to the choice; a coffee, not a lunch."""


class Platform(Record):
    """A platform as its administrator tells it. `role` is the plan's role that its newcomers get."""

    issuer: str
    client_id: str = Field(min_length=1, max_length=200)
    auth_login_url: str
    auth_token_url: str
    key_set_url: str
    deployment_ids: tuple[str, ...] = Field(min_length=1)
    role: str


class PlatformsFile(Record):
    """The platforms that are let in."""

    platforms: tuple[Platform, ...]


def read_platforms(programme: ProgramFolder) -> tuple[Platform, ...]:
    """Return the platforms of a programme; none where there is no file.

    Raises:
        BadInput: a file that is wrong, a role that the plan has not, or an issuer with one client twice.
    """
    file = programme.path / LTI_FILE
    if not file.is_file():
        return ()
    platforms = read_record(file, PlatformsFile).platforms
    roles = [one.role for one in programme.plan().roles]
    for one in platforms:
        for name in ("issuer", "auth_login_url", "auth_token_url", "key_set_url"):
            if not re.fullmatch(_HTTP, getattr(one, name)):
                raise bad_input(f"{name} {getattr(one, name)[:60]!r} in {file}", "an address that begins with https://")
        if one.role not in roles:
            raise bad_input(f"role {one.role[:60]!r} in {file}", f"one of: {', '.join(roles)}")
    if len({(one.issuer, one.client_id) for one in platforms}) < len(platforms):
        raise bad_input(f"a platform twice in {file}", "each issuer and client once")
    return platforms


class Platforms:
    """What a yard's database keeps of launches."""

    def __init__(self, store: Store, programme: ProgramFolder) -> None:
        self._store, self._programme = store, programme

    def keep(self, key: str, value: object) -> None:
        """Keep something of a launch for as long as a launch may take."""
        now = self._store.clock()
        row = LaunchRow(key=digest(key), body=json.dumps(value), until=now + LAUNCH_SECONDS)
        with self._store.writing() as session:
            session.execute(delete(LaunchRow).where(LaunchRow.until <= now))
            session.merge(row)

    def take(self, key: str) -> Any:
        """Return what was kept and forget it: a second asker gets nothing."""
        with self._store.writing() as session:
            row = session.get(LaunchRow, digest(key))
            if row is None:
                return None
            session.delete(row)
            return json.loads(row.body) if row.until > self._store.clock() else None

    def learner(self, platform: Platform, subject: str) -> Learner:
        """Return the learner whom a platform calls by `subject`; a newcomer gets a place, and with it drills."""
        return self.newcomer(f"{platform.issuer} {platform.client_id} {subject}", platform.role, "lti")

    def newcomer(self, who: str, role: str, way: str) -> Learner:
        """Return the learner whom a name of another system stands for, or give them a place of a role."""
        key = digest(who)
        roster = {one.id: one for one in self._programme.roster().learners}
        with self._store.writing() as session:  # its lock is held while the roster changes: two launches are one
            row = session.get(PlatformUserRow, key)
            if row is not None and row.learner in roster:
                return roster[row.learner]
            learner = admit(self._programme, role)
            session.merge(PlatformUserRow(subject_hash=key, learner=learner.id))
            self._store.note(session, learner.id, "", "joined", way)
        return learner

    def expect(self, learner: str, drill: str, platform: Platform, subject: str, endpoint: Mapping[str, Any]) -> None:
        """Remember where the score of a learner's drill is to go; a later launch takes the place of an earlier one."""
        where = {"issuer": platform.issuer, "client_id": platform.client_id, "subject": subject, "endpoint": endpoint}
        with self._store.writing() as session:
            session.merge(
                ScoreRow(learner=learner, drill=drill, body=json.dumps(where), sent="", seen=0, tries=0, next_at=0.0)
            )

    def due(self) -> list[ScoreRow]:
        """Return the scores whose learner got a grade since their platform was told, and whose time has come."""
        graded = select(EventRow.learner, func.max(EventRow.id).label("last")).where(EventRow.kind == "graded")
        newest = graded.group_by(EventRow.learner).subquery()
        query = select(ScoreRow).join(newest, newest.c.learner == ScoreRow.learner)
        with self._store.reading() as session:
            return list(
                session.scalars(query.where(newest.c.last > ScoreRow.seen, ScoreRow.next_at <= self._store.clock()))
            )

    def waiting(self) -> list[ScoreRow]:
        """Return every score that is expected somewhere."""
        with self._store.reading() as session:
            return list(session.scalars(select(ScoreRow)))

    def last_graded(self, learner: str) -> int:
        """Return the number of a learner's last grading, 0 before the first."""
        mine = select(func.max(EventRow.id)).where(EventRow.kind == "graded", EventRow.learner == learner)
        with self._store.reading() as session:
            return session.scalar(mine) or 0

    def told(self, row: ScoreRow, seen: int, sent: str = "") -> None:
        """Write down that a platform knows all up to a grading, and what it was told, if anything."""
        with self._store.writing() as session:
            if held := session.get(ScoreRow, (row.learner, row.drill)):
                held.seen, held.tries, held.next_at = seen, 0, 0.0
                if sent:
                    held.sent = sent
                    self._store.note(session, row.learner, row.drill, "score sent")

    def failed(self, row: ScoreRow) -> None:
        """Wait twice as long before the next try: from 10 s to a day."""
        with self._store.writing() as session:
            if held := session.get(ScoreRow, (row.learner, row.drill)):
                held.tries += 1
                held.next_at = self._store.clock() + min(86400.0, 5.0 * 2**held.tries)
