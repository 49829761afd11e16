"""The tables of the yard's database: what is kept about people, and no more.

Times are seconds since 1970 in UTC. Learners appear under opaque ids only; the sign-in codes live in the roster file,
never here. `docs/reference/yard.md` lists every column with its purpose.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    String,
    TypeDecorator,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from drillyard.registrar.append_only import make_append_only

__all__ = [
    "BoardRow",
    "ChatRow",
    "ClaimRow",
    "DraftRow",
    "EventRow",
    "FitRow",
    "GradeRow",
    "HeldRow",
    "HintRow",
    "InviteRow",
    "JoinRow",
    "LaunchRow",
    "LearnerRow",
    "LedRow",
    "PlatformUserRow",
    "ProgrammeRow",
    "RecallRow",
    "ScoreRow",
    "SessionRow",
    "StoredText",
    "SubmissionRow",
    "SwitchRow",
    "TicketRow",
    "TipRow",
    "YardTable",
]


class StoredText(TypeDecorator[str]):
    """A text as both databases keep it: PostgreSQL knows no NUL, so a replacement character stands for one."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what is sent to the database."""
        return value.replace("\0", "\ufffd") if value else value


class YardTable(DeclarativeBase):
    """The base of all tables."""

    type_annotation_map = {str: StoredText()}


class LearnerRow(YardTable):
    """Somebody who has signed in at least once."""

    __tablename__ = "learners"

    id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    first_seen: Mapped[float]


class SessionRow(YardTable):
    """A signed-in browser. The token itself is only in the cookie; without a learner it is one of the staff's.

    `staff` is who, by name; empty for the programme's own designer.
    """

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    learner: Mapped[str | None] = mapped_column(ForeignKey("learners.id"))
    expires: Mapped[float]
    staff: Mapped[str] = mapped_column(default="")


class ChatRow(YardTable):
    """One message to the model of an instance and its answer; `reply` is empty while the model still speaks.

    `seed` is the sampling seed, so that the same answer can be had again.
    """

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"))
    instance: Mapped[str]
    template: Mapped[str]
    prompt: Mapped[str]
    reply: Mapped[str] = mapped_column(default="")
    seed: Mapped[int]
    at: Mapped[float]

    __table_args__ = (Index("chats_of", "learner", "instance"),)


class ClaimRow(YardTable):
    """A claim that its learner has filed but not handed in yet, as a `Claim` record in JSON."""

    __tablename__ = "claims"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"))
    instance: Mapped[str]
    body: Mapped[str]

    __table_args__ = (Index("claims_of", "learner", "instance"),)


class DraftRow(YardTable):
    """What stands in a form that was not sent yet: its fields as they were typed, as JSON."""

    __tablename__ = "drafts"

    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"), primary_key=True)
    instance: Mapped[str] = mapped_column(primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    at: Mapped[float]


class HeldRow(YardTable):
    """What the yard made for a learner between two steps, as JSON: an upload that was checked, the last trial."""

    __tablename__ = "held"

    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"), primary_key=True)
    instance: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    at: Mapped[float]


class HintRow(YardTable):
    """A hint that was opened: its place among the hints of the instance. A double click cannot cost twice.

    One of the tutor has its words here, with the rule that they come from, and a place behind all of the instance's.
    """

    __tablename__ = "hints"

    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"), primary_key=True)
    instance: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    cost: Mapped[float]
    at: Mapped[float]
    rule: Mapped[str] = mapped_column(default="", server_default="")
    words: Mapped[str] = mapped_column(default="", server_default="")


class SubmissionRow(YardTable):
    """What was handed in, and how far its grading is: received → grading → graded | failed.

    Learner and instance are the idempotency key: a double click, a reload and a second tab all meet the same row.
    The worker that grades is its `owner` and shows by `beats` that it lives; `tries` counts how often grading began
    since it was last handed over, `retries` how often its learner asked again, `turn` when it last began, in gradings.
    """

    __tablename__ = "submissions"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"))
    instance: Mapped[str]
    body: Mapped[str]
    status: Mapped[str] = mapped_column(default="received")
    owner: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    received: Mapped[float]
    beats: Mapped[int] = mapped_column(default=0)
    turn: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("learner", "instance"),
        CheckConstraint("status in ('received', 'grading', 'graded', 'failed')"),
    )


class GradeRow(YardTable):
    """The grade of a submission, as a `Grade` record in JSON. One submission has at most one."""

    __tablename__ = "grades"

    submission: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    body: Mapped[str]
    at: Mapped[float]


class FitRow(YardTable):
    """A technique that is fitted for a learner: waiting → fitting → fitted | failed | cut.

    `body` is the `WorkbenchOrder`, `artefact` what came of it, `points` how the model did on the practice exam before
    and under it, all as JSON; a server that was killed left it `cut`.
    """

    __tablename__ = "fits"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"))
    instance: Mapped[str]
    body: Mapped[str]
    status: Mapped[str] = mapped_column(default="waiting")
    error: Mapped[str] = mapped_column(default="")
    artefact: Mapped[str] = mapped_column(default="", deferred=True)  # a megabyte, of no use to a page
    points: Mapped[str] = mapped_column(default="")
    at: Mapped[float]

    __table_args__ = (
        Index("fits_of", "learner", "instance"),
        CheckConstraint("status in ('waiting', 'fitting', 'fitted', 'failed', 'cut')"),
    )


class SwitchRow(YardTable):
    """What a facilitator has set for everybody: `paused`, `announced`, `held DRILL`. Off is no row."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[str]
    by: Mapped[str]
    at: Mapped[float]


class TipRow(YardTable):
    """A hint that a facilitator gave a learner by hand; it costs nothing."""

    __tablename__ = "tips"

    id: Mapped[int] = mapped_column(primary_key=True)
    learner: Mapped[str]
    instance: Mapped[str]
    words: Mapped[str]
    by: Mapped[str]
    at: Mapped[float]

    __table_args__ = (Index("tips_of", "learner", "instance"),)


class LedRow(YardTable):
    """What a learner did in an activity that a facilitator leads: `took-part`, `not-yet` (not shown), or `shown`."""

    __tablename__ = "led"

    learner: Mapped[str] = mapped_column(primary_key=True)
    activity: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    note: Mapped[str]
    by: Mapped[str]
    at: Mapped[float]


class InviteRow(YardTable):
    """A link by which so many more people may join a role until it expires. Only a hash of its token is kept."""

    __tablename__ = "invites"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    team: Mapped[str]
    places: Mapped[int]
    by: Mapped[str]
    expires: Mapped[float]


class JoinRow(YardTable):
    """Who joined by which link in which browser, as one hash: a double click joins once."""

    __tablename__ = "joins"

    browser: Mapped[str] = mapped_column(primary_key=True)
    learner: Mapped[str]


class BoardRow(YardTable):
    """A learner who wants to stand on the score board, and under which name."""

    __tablename__ = "board"

    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"), primary_key=True)
    shown_as: Mapped[str] = mapped_column(unique=True)
    at: Mapped[float]


class LaunchRow(YardTable):
    """What a launch of a course platform leaves for its next step, as JSON, until a time; taken once."""

    __tablename__ = "launches"

    key: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    until: Mapped[float]


class PlatformUserRow(YardTable):
    """Whom a course platform sends, as a hash of what it calls them, and which learner that is here."""

    __tablename__ = "platform_users"

    subject_hash: Mapped[str] = mapped_column(primary_key=True)
    learner: Mapped[str]


class ScoreRow(YardTable):
    """A score that a course platform waits for: where it goes (`body`, JSON), what was `sent`, and the next try.

    `seen` is the last grading, by its event, that the platform knows of.
    """

    __tablename__ = "scores"

    learner: Mapped[str] = mapped_column(primary_key=True)
    drill: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    sent: Mapped[str]
    seen: Mapped[int]
    tries: Mapped[int]
    next_at: Mapped[float]


class RecallRow(YardTable):
    """Where one learner's recall card stands, as a `Review` in JSON, and how often it was asked."""

    __tablename__ = "recalls"

    learner: Mapped[str] = mapped_column(ForeignKey("learners.id"), primary_key=True)
    card: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    times: Mapped[int]


class ProgrammeRow(YardTable):
    """Whose yard this is, as a mark that only the programme's own roster leads to."""

    __tablename__ = "programme"

    mark: Mapped[str] = mapped_column(primary_key=True)


class TicketRow(YardTable):
    """A window of a course platform to which a learner lends how far they are with a drill."""

    __tablename__ = "tickets"

    ticket_hash: Mapped[str] = mapped_column(primary_key=True)
    learner: Mapped[str]
    drill: Mapped[str]
    at: Mapped[float]


class EventRow(YardTable):
    """What happened when: `started`, `claimed`, `changed`, `removed`, `looked`, `tried`, `hint`, `advised`, `tip`.

    An `advised` without a rule is the tutor's silence. Then `submitted`, `grading`, `graded`, `failed`, `retried`,
    `ended`; `answered` and `led`, whose `instance` is a lesson or an activity; `placed`, which has none. Append-only.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    learner: Mapped[str]
    instance: Mapped[str]
    kind: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")


event.listen(EventRow.__table__, "after_create", make_append_only)
