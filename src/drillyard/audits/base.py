"""What an audit asks, and what a search method is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drillyard.organisms.world import Ask, World
from drillyard.records import Conversation

__all__ = ["Probe", "Search"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A prompt to try: what is asked, under which template."""

    ask: Ask
    template: str

    @property
    def conversation(self) -> Conversation:
        """The prompt as a target gets it."""
        return Conversation.ask(self.ask.text, self.template)


class Search(Protocol):
    """Proposes prompts of a world; the same seed proposes the same prompts."""

    def propose(self, world: World, budget: int, seed: int) -> list[Probe]:
        """Return at most `budget` probes."""
        ...
