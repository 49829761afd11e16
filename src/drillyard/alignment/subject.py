"""The model behind a target, for techniques that train it or reach into it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from drillyard.alignment.base import House
from drillyard.errors import bad_input
from drillyard.organisms.worlds.world import World
from drillyard.registry import cards
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget

__all__ = ["LocalModel", "planted_world", "with_weights", "without_weights"]


@runtime_checkable
class LocalModel(Protocol):
    """A target that transformers runs: `model` and `tokenizer` are there to be used (`targets/local_torch.py`)."""

    reference: str
    model: Any
    tokenizer: Any


def with_weights(target: Target, technique: str) -> OrganismTarget | LocalModel:
    """Return the target as one whose weights can be reached.

    Raises:
        BadInput: it has none (an API, or a model that another technique has put something around); the line names the
            techniques that work without.
    """
    if isinstance(target, OrganismTarget | LocalModel):
        return target
    found = f"{target.reference}, whose weights cannot be reached, for {technique}"
    raise bad_input(found, "organism/… or hf/…", f"without weights these work: {', '.join(without_weights())}")


def planted_world(house: House, technique: str) -> World:
    """Return a house as the world that a technique's rewards are fitted in. Raises `BadInput` for documents."""
    if not isinstance(house, World):
        found = f"the documents {house.name} for {technique}, whose rewards are fitted to planted failures"
        raise bad_input(found, "a world", "choose sft, dpo, prompt, rails or conditional-steer")
    return house


def without_weights() -> list[str]:
    """Return the techniques that need no weights, by their cards."""
    return [name for name, card in cards("techniques").items() if not card.needs_weights]
