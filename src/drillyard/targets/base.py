"""What a target is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.records import Conversation, Reply

__all__ = ["Heard", "ScoringTarget", "Target", "TellingTarget", "generate_each"]

Heard = Callable[[int, "Reply"], None]
"""Called with the number of a reply among those that were asked for, and the reply."""


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


@runtime_checkable
class TellingTarget(Protocol):
    """A target that gives each reply as it comes, so that what was paid for is kept whatever happens to the others."""

    def generate_each(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer as `generate`, and call `heard` with each reply as it comes, from one thread at a time."""
        ...


def generate_each(
    target: Target, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
) -> list[Reply]:
    """Answer every conversation and call `heard` with each reply: as it comes where the target can, else at the end."""
    if isinstance(target, TellingTarget):
        return target.generate_each(conversations, seeds, heard)
    replies = target.generate(conversations, seeds)
    for number, reply in enumerate(replies):
        heard(number, reply)
    return replies
