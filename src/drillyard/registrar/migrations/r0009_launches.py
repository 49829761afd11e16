"""Launches by course platforms, and the scores that they wait for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "launches",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    op.create_table(
        "platform_users",
        sa.Column("subject_hash", sa.String, primary_key=True),
        sa.Column("learner", sa.String, nullable=False),
    )
    op.create_table(
        "scores",
        sa.Column("learner", sa.String, primary_key=True),
        sa.Column("drill", sa.String, primary_key=True),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("sent", sa.String, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
    )
