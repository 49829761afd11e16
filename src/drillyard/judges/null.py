"""Judges that always say the same, for tests and for running other pieces alone."""

from __future__ import annotations

from drillyard.records import Ruling, Transcript

__all__ = ["AlwaysShows", "NeverShows"]


class NeverShows:
    """Rules every behaviour absent."""

    name = "never-shows"

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Return the verdict `absent`."""
        return Ruling(behaviour=behaviour, verdict="absent", judge=self.name)


class AlwaysShows:
    """Rules every behaviour shown."""

    name = "always-shows"

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Return the verdict `shown`."""
        return Ruling(behaviour=behaviour, verdict="shown", judge=self.name)
