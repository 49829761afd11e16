"""The implementation: a target, that is a reference, `generate` and `stream`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drillyard.records import Conversation, Reply


class Parrot:
    """Answers with the last user message, `times` times."""

    def __init__(self, reference: str = "parrot/", times: int = 1) -> None:
        self.reference = reference
        self.times = times

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer each conversation."""
        texts = [" ".join([talk.last_user] * self.times) for talk in conversations]
        return [Reply(text=text, seed=seed, tokens=len(text)) for text, seed in zip(texts, seeds, strict=True)]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the answer in one piece."""
        yield self.generate([conversation], [seed])[0].text
