"""Activities that a facilitator leads, and hints of the tutor: the rule that each comes from, and its words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0011", "0010"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "led",
        sa.Column("learner", sa.String, primary_key=True),
        sa.Column("activity", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("outcome", "note", "by")),
        sa.Column("at", sa.Double, nullable=False),
    )
    for name in ("rule", "words"):
        op.add_column("hints", sa.Column(name, sa.String, nullable=False, server_default=""))
