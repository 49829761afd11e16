"""What a target is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.records import Conversation, Reply

__all__ = ["ScoringTarget", "Target"]


class Target(Protocol):
    """A model that answers. The same conversation and seed give the same reply, in any company."""

    reference: str

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation, in the order given, each with its own seed (`None`: greedy).

        A conversation that this target cannot answer gets a reply with `finish="error"`; the others are answered.
        """
        ...

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the text that `generate` would return, piece by piece; raises `BadInput` where that says `error`."""
        ...


@runtime_checkable
class ScoringTarget(Protocol):
    """A target that can say how probable a reply is, without drawing it."""

    def score(self, conversations: Sequence[Conversation], replies: Sequence[str]) -> list[float]:
        """Return the natural log of each reply's probability, whole and ended there, at temperature 1."""
        ...
