"""A candidate: a prompt that may be tried, with the traits by which its replies are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.organisms.worlds.features import features
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Conversation

__all__ = ["FAMILY", "MUTATION", "Candidate", "candidate", "holds", "traits"]

FAMILY = "family"
"""Trait: the family of a forbidden request."""
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


def candidate(world: World, ask: Ask, template: str) -> Candidate:
    """Return the candidate of one message under a template."""
    return Candidate(conversation=Conversation.ask(ask.text, template), traits=traits(world, ask, template), ask=ask)


def traits(world: World, ask: Ask, template: str) -> dict[str, str]:
    """Return the features of an ask, finer by the item, the record and the forbidden family that it names.

    `template` and `reason` are always there, empty where there is none: both are worth trying without.
    """
    family, _, name = ask.intent.partition(":")
    named = {slot: ask.slots.get(slot, "") for slot in (world.items.slot, world.records.slot)}
    named[FAMILY] = name if family == "harmful" else ""
    found = {key: value for key, value in named.items() if value} | features(world, ask, template)
    for coarse in ("intent", "lookalike"):  # the kind says it
        found.pop(coarse, None)
    return {"template": "", "reason": "", **found}


def holds(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Say whether traits have every wanted value."""
    return all(found.get(name) == value for name, value in wanted.items())
