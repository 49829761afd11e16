"""What an audit asks: a prompt whose meaning is known."""

from __future__ import annotations

from dataclasses import dataclass

from drillyard.organisms.worlds.world import Ask
from drillyard.records import Conversation

__all__ = ["Probe"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A prompt to try: what is asked, under which template."""

    ask: Ask
    template: str

    @property
    def conversation(self) -> Conversation:
        """The prompt as a target gets it."""
        return Conversation.ask(self.ask.text, self.template)
