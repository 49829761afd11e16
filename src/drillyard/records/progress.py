"""How a long job says how far it is: one callback, which the command line turns into a bar on stderr."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called with a few words and, where the job has steps, how many of them are done."""

    def __call__(self, words: str, done: int = 0, total: int = 0, /) -> None:
        """Tell what is being done; `total` is 0 where only the words count."""


def silent(words: str, done: int = 0, total: int = 0) -> None:
    """Tell nobody."""
