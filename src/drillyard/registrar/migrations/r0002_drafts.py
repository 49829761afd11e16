"""What is typed and not sent yet is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "drafts",
        sa.Column("learner", sa.String, sa.ForeignKey("learners.id"), primary_key=True),
        sa.Column("instance", sa.String, primary_key=True),
        sa.Column("form", sa.String, primary_key=True),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
