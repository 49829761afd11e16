"""Cards of the judges that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ALWAYS_SHOWS", "EXACT", "NEVER_SHOWS"]

ALWAYS_SHOWS = Card(
    name="always-shows",
    goal="Rule every behaviour shown.",
    target="drillyard.judges.null:AlwaysShows",
    cost="none",
    status="stable",
)

EXACT = Card(
    name="exact",
    goal="Rule by the truth of a world; what cannot be read is unknown.",
    target="drillyard.judges.exact:ExactJudge",
    cost="microseconds per ruling",
    status="stable",
)

NEVER_SHOWS = Card(
    name="never-shows",
    goal="Rule every behaviour absent.",
    target="drillyard.judges.null:NeverShows",
    cost="none",
    status="stable",
)
