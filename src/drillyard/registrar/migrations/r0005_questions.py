"""What a claim asks are questions; a probe looks inside a model."""

from __future__ import annotations

from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    """Bring the database up."""
    for table in ("claims", "submissions", "held"):
        op.execute(f"""UPDATE {table} SET body = replace(body, '"probes":', '"questions":')""")
    op.execute(
        """UPDATE drafts SET body = replace(replace(body, '["probe",', '["question",'),
            '["probe-template",', '["question-template",')"""
    )
