"""Another guard on words as a stage."""

from __future__ import annotations

from pathlib import Path

from drillyard.guards.guard import open_guard

__all__ = ["WordsStage"]


class WordsStage:
    """A guard from its folder, such as one that was trained on labels of somebody else's.

    Does not cover: what any guard on words does not.
    """

    def __init__(self, argument: str = "", folder: Path | None = None) -> None:
        self._guard = open_guard(Path(argument))
        self.reads, self.digest = self._guard.window, self._guard.digest

    def rate(self, passage: str, behaviour: str) -> float:
        """Return the passage's score, of the likeliest behaviour of that guard."""
        return max(self._guard.score(passage).score, -1e9)
