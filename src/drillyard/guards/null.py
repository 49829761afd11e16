"""The two guards that know nothing: what any other one is held beside."""

from __future__ import annotations

from pathlib import Path

__all__ = ["AllowAll", "BlockAll"]

_MOST = 1e9


class AllowAll:
    """Lets everything through: no false alarm, and nothing caught.

    Does not cover: anything.
    """

    reads, digest = 1, "allow-all"

    def __init__(self, argument: str = "", folder: Path | None = None) -> None:
        pass

    def rate(self, passage: str, behaviour: str) -> float:
        """Return less than any threshold."""
        return -_MOST


class BlockAll:
    """Stops everything: all is caught, and every sound reply is a false alarm.

    Does not cover: a reply without a word, which no guard is asked about.
    """

    reads, digest = 1, "block-all"

    def __init__(self, argument: str = "", folder: Path | None = None) -> None:
        pass

    def rate(self, passage: str, behaviour: str) -> float:
        """Return more than any threshold."""
        return _MOST
