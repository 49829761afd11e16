"""Judges that always say the same, for tests and for running other pieces alone."""

from __future__ import annotations

from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Ruling, Transcript

__all__ = ["AlwaysShows", "NeverShows"]


class NeverShows:
    """Rules every behaviour absent."""

    name = definition = "never-shows"

    def __init__(self, world: Scope | str = "") -> None:
        """The world is not needed; every judge is given one."""

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Return the verdict `absent`."""
        return Ruling(behaviour=behaviour, verdict="absent", judge=self.name)


class AlwaysShows:
    """Rules every behaviour shown."""

    name = definition = "always-shows"

    def __init__(self, world: Scope | str = "") -> None:
        """The world is not needed; every judge is given one."""

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Return the verdict `shown`."""
        return Ruling(behaviour=behaviour, verdict="shown", judge=self.name)
