"""Windows of course platforms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "tickets",
        sa.Column("ticket_hash", sa.String, primary_key=True),
        sa.Column("learner", sa.String, nullable=False),
        sa.Column("drill", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
