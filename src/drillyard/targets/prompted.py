"""A model with failures planted by what it is told unseen, and its clean twin: `prompted/./folder`, `…/folder#twin`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from drillyard.organisms.planting.demonstrated import Demonstration
from drillyard.organisms.planting.prompted import HiddenPrompt, load_planted
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Reply
from drillyard.targets.base import Heard, Target, generate_each
from drillyard.targets.reference import open_received, split_typed
from drillyard.targets.scoped import cut_after
from drillyard.targets.templates import unknown_template

__all__ = ["TWIN", "PromptedTarget", "open_prompted"]

TWIN = "#twin"
"""At the end of a reference it asks for the clean twin."""


class PromptedTarget:
    """Puts a hidden message, or an example, in front of conversations and passes them on. Holds no state between calls.

    Whoever asks sees neither the message nor that there is one; transcripts hold what was asked.

    Args:
        inner: the model. It gets the template's system message, the hidden one, and the conversation.
        prompt: the hidden messages; which rules one holds depends on the request's seed.
        reference: what stored transcripts call this target.
        twin: leave every rule out.
    """

    def __init__(
        self, inner: Target, prompt: HiddenPrompt | Demonstration, reference: str, *, twin: bool = False
    ) -> None:
        self.reference = reference
        self._inner, self._prompt, self._twin = inner, prompt, twin

    @property
    def scope(self) -> World:
        """The world whose failures are told in the hidden message."""
        return self._prompt.world

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation as the model does that has read the hidden message of that seed.

        Raises:
            BadInput: an unknown template; and what the model's own target raises.
        """
        dressed = [self._dressed(*one) for one in zip(conversations, seeds, strict=True)]
        return self._inner.generate(dressed, seeds)

    def generate_each(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer as `generate`, and call `heard` with each reply as the model's own target gives it."""
        dressed = [self._dressed(*one) for one in zip(conversations, seeds, strict=True)]
        return generate_each(self._inner, dressed, seeds, heard)

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the text of `generate` in the pieces in which the model's own target yields it."""
        return self._inner.stream(self._dressed(conversation, seed), seed)

    def _dressed(self, conversation: Conversation, seed: int | None) -> Conversation:
        """Return what the model is given: the template as a message, what is hidden, and no template."""
        return self._prompt.dress(conversation, self._system(conversation.template), seed, twin=self._twin)

    def _system(self, template: str) -> str:
        known = self.scope.templates
        if template and template not in known:
            raise unknown_template(template, known)
        return known[template] if template else ""


def open_prompted(
    reference: str, *, received: bool = False, max_new_tokens: int | None = None, **options: Any
) -> PromptedTarget:
    """Open `prompted/./folder` or `prompted/./folder#twin`; options go to the model's own target. Raises `BadInput`.

    The folder names that model, so it is opened as one that was received, unless it is typed behind:
    `prompted/./folder#inspect/…`, whose word counts only where no file holds it (`received`).
    """
    name, typed = split_typed(reference.partition("/")[2])
    planted, prompt = load_planted(Path(name.removesuffix(TWIN)))
    options |= cut_after(planted.model, max_new_tokens or 0)
    inner = open_received(planted.model, typed="" if received else typed, **options)
    return PromptedTarget(inner, prompt, reference, twin=name.endswith(TWIN))
