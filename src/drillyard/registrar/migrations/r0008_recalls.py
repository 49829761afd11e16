"""Facts that are recalled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "recalls",
        sa.Column("learner", sa.String, sa.ForeignKey("learners.id"), primary_key=True),
        sa.Column("card", sa.String, primary_key=True),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
    )
