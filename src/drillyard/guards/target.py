"""A target behind a guard: the same gate as in the proxy, for whoever asks a target from Python or the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drillyard.guards.base import AnyGuard
from drillyard.guards.gate import REFUSAL, Gate
from drillyard.records import Conversation, Reply
from drillyard.targets import Target

__all__ = ["GuardedTarget"]


class GuardedTarget:
    """A target whose flagged replies are blocked.

    `answer` stands in the place of what was blocked: under `generate` of the whole reply, under `stream` behind what
    had been let through before the flag.

    Does not cover: what a guard does not see, and the model itself, which stays as it was.
    """

    def __init__(self, target: Target, guard: AnyGuard, tau: float, answer: str = REFUSAL) -> None:
        self.target, self.guard, self.tau, self.answer = target, guard, tau, answer
        self.reference = f"{target.reference}+guard"

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as the target does, but for flagged replies."""
        return [self._checked(reply) for reply in self.target.generate(conversations, seeds)]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield what is let through as it comes, the guard's window behind the target."""
        gate = Gate(self.guard, self.tau)
        for piece in self.target.stream(conversation, seed):
            if sent := gate.feed(piece):
                yield sent
            if gate.closed:
                break
        if sent := gate.end():
            yield sent
        if gate.closed:
            yield self.answer

    def _checked(self, reply: Reply) -> Reply:
        if reply.finish == "error" or self.guard.score(reply.text).score <= self.tau:
            return reply
        return reply.model_copy(update={"text": self.answer, "finish": "stop"})
