"""Which programme's yard it is, so that a wrong setting mixes no two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table("programme", sa.Column("mark", sa.String, primary_key=True))
