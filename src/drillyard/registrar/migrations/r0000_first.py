"""The first tables: who signs in, what is said, claimed, opened, handed in and graded, and what happened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0000", None


def upgrade() -> None:
    """Bring the database up."""
    op.create_table("learners", _key("id"), _text("role"), _number("first_seen"))
    op.create_table("sessions", _key("token_hash"), _text("learner", _LEARNER, nullable=True), _number("expires"))
    op.create_table(
        "chats", _id(), _text("learner", _LEARNER), _text("instance"), _text("template"), _text("prompt"),
        _text("reply"), _whole("seed"), _number("at"),
    )  # fmt: skip
    op.create_index("chats_of", "chats", ["learner", "instance"])
    op.create_table("claims", _id(), _text("learner", _LEARNER), _text("instance"), _text("body"))
    op.create_index("claims_of", "claims", ["learner", "instance"])
    op.create_table(
        "hints", _key("learner", _LEARNER), _key("instance"),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False), _number("cost"), _number("at"),
    )  # fmt: skip
    op.create_table(
        "submissions", _id(), _text("learner", _LEARNER), _text("instance"), _text("body"), _text("status"),
        _text("owner", nullable=True), _number("lease_until"), _whole("tries"), _text("error"), _number("received"),
        sa.UniqueConstraint("learner", "instance"),
        sa.CheckConstraint("status in ('received', 'grading', 'graded', 'failed')"),
    )  # fmt: skip
    op.create_table(
        "grades",
        sa.Column("submission", sa.Integer, sa.ForeignKey("submissions.id"), primary_key=True, autoincrement=False),
        _text("body"), _number("at"),
    )  # fmt: skip
    op.create_table("events", _id(), _number("at"), _text("learner"), _text("instance"), _text("kind"), _text("detail"))
    for statement in _GUARDS[op.get_context().dialect.name]:
        op.execute(statement)


_LEARNER = "learners.id"
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events "
        "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are append-only' USING ERRCODE = '23000'; END $$",
        "CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()",
    ],
}


def _text(name: str, key: str = "", nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, *([sa.ForeignKey(key)] if key else []), nullable=nullable)


def _key(name: str, key: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.String, *([sa.ForeignKey(key)] if key else []), primary_key=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)
