"""A candidate: a prompt that may be tried, with the traits by which its replies are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.organisms.worlds.scope import Ask, Scope
from drillyard.records import Conversation, Message

__all__ = ["MUTATION", "Candidate", "candidate", "holds"]

MUTATION = "mutation"
"""Trait: how the prompt was changed; absent where it was not."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A conversation to try, what its newest message asks, and its traits by name."""

    conversation: Conversation
    traits: Mapping[str, str]
    ask: Ask | None = None

    @property
    def kind(self) -> str:
        """The kind of request."""
        return self.traits.get("kind", "")


def candidate(scope: Scope, ask: Ask, template: str) -> Candidate:
    """Return the candidate of one message under a template."""
    talk = Conversation(messages=(*ask.before, Message(role="user", content=ask.text)), template=template)
    return Candidate(conversation=talk, traits=scope.traits(ask, template), ask=ask)


def holds(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Say whether traits have every wanted value."""
    return all(found.get(name) == value for name, value in wanted.items())
