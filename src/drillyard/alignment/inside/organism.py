"""Edits in our own engine: the inside of an organism, and an organism under edits.

numpy computes the edits, whatever runs the layers. A gate is a step, so two computations of a state that differ in the
last bit may fall on its two sides; that the same seed gives the same text in any batch then holds but for states that
close to a threshold.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from drillyard.alignment.inside.edit import Edit, check_fit, group_by_layer
from drillyard.alignment.inside.insides import Ids
from drillyard.errors import bad_input
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Preference, Reply
from drillyard.targets.organism import OrganismTarget
from drillyard.targets.revealing import Branch, Revealed

__all__ = ["EditedOrganism", "OrganismInsides"]


class EditedOrganism:
    """An organism that answers under edits of its states; otherwise as `OrganismTarget`, which stays as it was.

    It is no `OrganismTarget`: what trains weights would lose the edits without a word. `original` and `edits` are what
    it is made of.
    """

    def __init__(self, original: OrganismTarget, edits: Sequence[Edit], reference: str) -> None:
        check_fit(edits, original.organism.engine.config.num_hidden_layers, original.organism.engine.config.hidden_size)
        self.original, self.edits, self.reference = original, tuple(edits), reference
        self._edited = copy.copy(original)
        self._edited.organism = _edited(original.organism, self.edits)

    @property
    def scope(self) -> World:
        """The world that the organism lives in."""
        return self.original.scope

    @property
    def organism(self) -> Organism:
        """The organism with the edits in its engine; its hash covers them."""
        return self._edited.organism

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as `OrganismTarget.generate`."""
        return self._edited.generate(conversations, seeds)

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield as `OrganismTarget.stream`."""
        return self._edited.stream(conversation, seed)

    def score(self, conversations: Sequence[Conversation], replies: Sequence[str]) -> list[float]:
        """Weigh as `OrganismTarget.score`."""
        return self._edited.score(conversations, replies)

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Reveal as `OrganismTarget.reveal`."""
        return self._edited.reveal(conversations, floor)

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Go on as `OrganismTarget.complete`."""
        return self._edited.complete(conversations, branches)


class OrganismInsides:
    """The inside of an organism; see `Insides`."""

    def __init__(self, target: OrganismTarget, reference: str, before: Sequence[Edit] = ()) -> None:
        self._target, self._reference, self._before = target, reference, tuple(before)
        self._organism = _edited(target.organism, self._before)
        config = target.organism.engine.config
        self.layers: Sequence[int] = range(1, config.num_hidden_layers)
        self.weights = sum(tensor.size for tensor in target.organism.engine.weights.values())

    def spell(self, pair: Preference) -> tuple[Ids, Ids, Ids]:
        """Return prompt, chosen and rejected reply as tokens."""
        organism, asked = self._organism, pair.conversation
        known = organism.world.templates
        if asked.template and asked.template not in known:
            raise bad_input(f"template {asked.template!r}", f"one of: {', '.join(known)}")
        prompt = encode(organism.tokenizer, asked, known.get(asked.template, ""))
        replies = [
            organism.tokenizer.encode(text, add_special_tokens=False).ids for text in (pair.chosen, pair.rejected)
        ]
        return prompt, [*replies[0], STOP], [*replies[1], STOP]

    def states(self, ids: Ids) -> Floats:
        """Return (layers, tokens, width)."""
        return self._organism.engine.hidden_states(ids, list(self.layers))

    def scores(self, prompts: Sequence[Ids], replies: Sequence[Ids], edits: Sequence[Edit] = ()) -> list[float]:
        """Return log-probabilities of replies under edits."""
        organism = _edited(self._target.organism, (*self._before, *edits)) if edits else self._organism
        return organism.engine.score(prompts, replies)

    def rows(self, tokens: Sequence[int]) -> Floats:
        """Return the rows of the output matrix, each scaled by the final norm's weights."""
        engine = self._organism.engine
        name = "model.embed_tokens.weight" if engine.config.tie_word_embeddings else "lm_head.weight"
        rows: Floats = engine.weights[name][list(tokens)] * engine.weights["model.norm.weight"]
        return rows

    def changed(self, edits: Sequence[Edit], name: str) -> EditedOrganism:
        """Return the organism under edits."""
        return EditedOrganism(self._target, (*self._before, *edits), f"{self._reference}+{name}")


def _edited(organism: Organism, edits: Sequence[Edit]) -> Organism:
    """Return the organism with edits in its engine, and with a hash that covers them; edits of strength 0 are none."""
    edits = [edit for edit in edits if edit.strength]
    if not edits:
        return organism
    engine = organism.engine
    digest = hashlib.sha256(organism.model_hash.encode())
    for edit in edits:
        digest.update(f"{edit.layer} {edit.kind} {edit.strength!r}".encode())
        for name in sorted(edit.tensors):
            digest.update(name.encode() + np.ascontiguousarray(edit.tensors[name], "<f4").tobytes())
    changed = Engine(engine.weights, engine.config, edits=_joined(engine, edits))
    return dataclasses.replace(organism, engine=changed, model_hash=digest.hexdigest())


def _joined(engine: Engine, edits: Sequence[Edit]) -> dict[int, functools.partial[Floats]]:
    """Return edits by layer, after those that the engine has."""
    found = group_by_layer(edits)
    return {
        layer: functools.partial(_both, engine.edits.get(layer), found.get(layer))
        for layer in sorted({*engine.edits, *found})
    }


def _both(first: object, second: object, states: Floats) -> Floats:
    for edit in (first, second):
        states = edit(states) if callable(edit) else states
    return states
