"""What the public base is good for, to somebody who fitted nothing: the attacks that a start is made to withstand.

A basis hides nothing from whoever has the public base, so artefacts can be carried from one model to another, and the
difference to the base can be taken back. Neither knows the policy of the model that it is handed in for.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from drillyard.alignment.inside.edit import FILE, Edit, read_edits
from drillyard.drills.artefacts.files import family_of, pack_artefact, unpack_artefact
from drillyard.exercises.too_permissive_too_censored.fitted import packed_edits
from drillyard.organisms.engine.adapter import low_rank, write_adapter
from drillyard.organisms.engine.basis import Basis, turn_adapter, turn_organism
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.training.retrain import changed_matrices
from drillyard.records import Artefact

__all__ = ["find_basis", "invert_basis", "turn_artefact", "undo_difference"]

_EMBEDDING = "model.embed_tokens.weight"


def find_basis(public: Organism, model: Organism) -> Basis:
    """Return the basis that a model was turned into, from the weights that it shares with a public one.

    This is the attack that a basis does not stop: each hidden direction is found again by its column of the embedding.
    """
    old, new = (one.engine.weights[_EMBEDDING] for one in (public, model))
    alike = new.T @ old / np.outer(np.linalg.norm(new, axis=0), np.linalg.norm(old, axis=0))
    order = np.abs(alike).argmax(1)
    return Basis(order=order, signs=np.sign(alike[np.arange(len(order)), order]).astype(np.float32))


def undo_difference(public: Organism, model: Organism, share: float) -> Artefact:
    """Return an adapter that takes back this share of the difference between a model and the public base."""
    old, new = turn_organism(public, find_basis(public, model)).engine.weights, model.engine.weights
    whole, back = model.engine.config.hidden_size, np.float32(share)
    factors = {name: low_rank(back * (old[name] - new[name]), whole) for name in changed_matrices(model)}
    with tempfile.TemporaryDirectory() as made:
        write_adapter(Path(made), factors, model.world.name)
        return pack_artefact(Path(made))


def invert_basis(basis: Basis) -> Basis:
    """Return the basis that leads back."""
    order = np.argsort(basis.order)
    return Basis(order=order, signs=basis.signs[order])


def turn_artefact(artefact: Artefact, basis: Basis) -> Artefact:
    """Return an artefact in another basis; rails have none."""
    family = family_of(artefact)
    if family == "around":
        return artefact
    with tempfile.TemporaryDirectory() as made:
        source = Path(made) / "given"
        unpack_artefact(artefact, source)
        if family == "weights":
            return pack_artefact(turn_adapter(source, Path(made) / "turned", basis))
        return packed_edits([_turned_edit(edit, basis) for edit in read_edits(source / FILE)])


def _turned_edit(edit: Edit, basis: Basis) -> Edit:
    turn = {"left": basis.rows}
    tensors = {
        name: turn.get(name, basis.columns)(tensor) if tensor.ndim else tensor for name, tensor in edit.tensors.items()
    }
    return dataclasses.replace(edit, tensors=tensors)
