"""An upload waits for its learner's word, and the last trial is there again after a reload."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "held",
        sa.Column("learner", sa.String, sa.ForeignKey("learners.id"), primary_key=True),
        sa.Column("instance", sa.String, primary_key=True),
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
