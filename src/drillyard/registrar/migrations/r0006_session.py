"""Staff beside the designer, what a facilitator does in a session, invitations, the score board."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    """Bring the database up."""
    op.add_column("sessions", sa.Column("staff", sa.String, nullable=False, server_default=""))
    op.create_table("switches", _key("name"), _text("words"), _text("by"), _time("at"))
    op.create_table(
        "tips", sa.Column("id", sa.Integer, primary_key=True), _text("learner"), _text("instance"), _text("words"),
        _text("by"), _time("at"),
    )  # fmt: skip
    op.create_index("tips_of", "tips", ["learner", "instance"])
    op.create_table(
        "invites", _key("token_hash"), _text("role"), _text("team"), sa.Column("places", sa.Integer, nullable=False),
        _text("by"), _time("expires"),
    )  # fmt: skip
    op.create_table("joins", _key("browser"), _text("learner"))
    op.create_table(
        "board", sa.Column("learner", sa.String, sa.ForeignKey("learners.id"), primary_key=True), _text("shown_as"),
        _time("at"), sa.UniqueConstraint("shown_as"),
    )  # fmt: skip


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=True)


def _time(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)
