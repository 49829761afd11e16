"""A lease is held by beats, not by a time that a clock set back would stretch; turns and retries order the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0001", "0000"


def upgrade() -> None:
    """Bring the database up."""
    op.drop_column("submissions", "lease_until")
    for name in ("beats", "turn", "retries"):
        op.add_column("submissions", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
