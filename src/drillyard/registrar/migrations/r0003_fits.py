"""Techniques that are fitted here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Bring the database up."""
    op.create_table(
        "fits",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("learner", sa.String, sa.ForeignKey("learners.id"), nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in _TEXTS),
        sa.Column("at", sa.Double, nullable=False),
        sa.CheckConstraint("status in ('waiting', 'fitting', 'fitted', 'failed', 'cut')"),
    )
    op.create_index("fits_of", "fits", ["learner", "instance"])


_TEXTS = ("instance", "body", "status", "error", "artefact", "points")
