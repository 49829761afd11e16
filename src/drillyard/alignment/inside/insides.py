"""The inside of a model, whatever runs it: read its states, weigh replies under edits, and make an edited target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from drillyard.alignment.base import House
from drillyard.alignment.inside.edit import Edit
from drillyard.alignment.subject import with_weights
from drillyard.organisms.engine.llama import Floats
from drillyard.records import Preference
from drillyard.registry import resolve
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget

__all__ = ["Ids", "Insides", "open_insides"]

Ids = list[int]


class Insides(Protocol):
    """What techniques inside a model need of it. Layers are numbered as in `Edit`.

    `layers` are those that they try: from the first to the last but one; what the last one gives goes into the final
    norm and out, so an edit there is none of what the model thinks. `weights` is how many weights the model has.
    """

    layers: Sequence[int]
    weights: int

    def spell(self, pair: Preference) -> tuple[Ids, Ids, Ids]:
        """Return prompt, chosen and rejected reply as tokens, replies with the token that ends them."""
        ...

    def states(self, ids: Ids) -> Floats:
        """Return (layers, tokens, width), float32."""
        ...

    def scores(self, prompts: Sequence[Ids], replies: Sequence[Ids], edits: Sequence[Edit] = ()) -> list[float]:
        """Return the natural log of each reply's probability after its prompt, under edits."""
        ...

    def rows(self, tokens: Sequence[int]) -> Floats:
        """Return (tokens, width): along which direction of the states each token's logit grows."""
        ...

    def changed(self, edits: Sequence[Edit], name: str) -> Target:
        """Return the target under edits; `name` is added to its reference."""
        ...


def open_insides(target: Target, technique: str, world: House | None = None) -> Insides:
    """Return the inside of a target, whose earlier edits stay.

    Args:
        target: an organism, a model that transformers runs, or either of them already edited.
        technique: for the message where that is impossible.
        world: whose templates become system messages of a model that transformers runs.

    Raises:
        BadInput: its weights cannot be reached.
        MissingExtra: it takes torch, and that is not installed.
    """
    plain: Any = getattr(target, "original", target)
    before: tuple[Edit, ...] = getattr(target, "edits", ())
    model = with_weights(plain, technique)
    if isinstance(model, OrganismTarget):
        kind = resolve("drillyard.alignment.inside.organism:OrganismInsides")
        found: Insides = kind(model, target.reference, before)
        return found
    kind = resolve("drillyard.alignment.inside.hooks_torch:LocalInsides", "train", technique)
    found = kind(model, target.reference, before, world)
    return found
