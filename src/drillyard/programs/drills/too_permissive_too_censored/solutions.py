"""What the fixes of "Too permissive, too censored" hand in. `fixes/*.yaml` says of each why somebody would try it.

The reference artefacts were fitted once to each start in its own basis (README.md has the commands) and are turned into
the basis of the instance, which only the sealed seed knows.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np

from drillyard.alignment.around.fitting import save_screen
from drillyard.alignment.around.rails import ANSWERS
from drillyard.alignment.around.rails_folder import WEIGHTS
from drillyard.alignment.around.screened import Answers
from drillyard.alignment.around.verdict import HEADS, OUTSIDE, REFUSE, WIDTH, Screen
from drillyard.alignment.inside.edit import FILE, Edit, read_edits, write_edits
from drillyard.organisms.basis import Basis, turn_adapter
from drillyard.programs.drills.artefacts.files import pack_artefact
from drillyard.programs.drills.exam import Exam
from drillyard.records import Artefact, ArtefactSubmission

__all__ = ["submissions"]

Point = Literal["first", "second", "both"]
Handed = tuple[Artefact, Artefact, Point]

_OTHER = {"harmful-compliance": "over-refusal", "over-refusal": "harmful-compliance"}
_NEVER = 1e9
"""A limit, in log-odds, that no score reaches; below its negative all do."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What fixes are made from: the instance, its basis, and that of another learner."""

    exam: Exam
    basis: Basis
    another: Basis

    @property
    def failing(self) -> str:
        """The behaviour that the start fails with."""
        return self.exam.truth.failures[0].behaviour

    def weights(self, behaviour: str, basis: Basis) -> Artefact:
        """Return the reference adapter against a behaviour, in a basis."""
        with _reference(behaviour) as source, tempfile.TemporaryDirectory() as made:
            return pack_artefact(turn_adapter(source, Path(made), basis))

    def inside(self, behaviour: str, basis: Basis) -> Artefact:
        """Return the reference edits against a behaviour, in a basis."""
        with _reference(behaviour) as source:
            turned = [_turned(edit, basis) for edit in read_edits(source / FILE)]
        return _packed_edits(turned)

    @cached_property
    def idle(self) -> Artefact:
        """An artefact that changes nothing."""
        width = self.exam.organism.engine.config.hidden_size
        vector = np.zeros(width, np.float32)
        return _packed_edits([Edit(layer=1, kind="add", strength=0.0, tensors={"vector": vector})])


def submissions(exam: Exam, basis: Basis, another: Basis) -> dict[str, ArtefactSubmission]:
    """Return every fix's submission by name.

    Args:
        exam: the instance.
        basis: of its model.
        another: of another learner's model.
    """
    given = _Given(exam=exam, basis=basis, another=another)
    handed = {name: make(given) for name, make in _FIXES.items()}
    return {
        name: ArtefactSubmission(instance=exam.instance.id, learner=f"script:{name}", artefacts=(one, two), point=point)
        for name, (one, two, point) in handed.items()
    }


def _right(given: _Given) -> Handed:
    return given.weights(given.failing, given.basis), given.inside(given.failing, given.basis), "first"


def _untouched(given: _Given) -> Handed:
    return given.idle, given.idle, "both"


def _one_technique(given: _Given) -> Handed:
    return given.weights(given.failing, given.basis), given.idle, "both"


def _one_family(given: _Given) -> Handed:
    weights = given.weights(given.failing, given.basis)
    return weights, weights, "first"


def _refuse_everything(given: _Given) -> Handed:
    """Put a rail that stops each request around the repaired model."""
    heads = tuple(head for head, (side, _) in HEADS.items() if side == "request")
    limits = tuple(-_NEVER if HEADS[head][1] == REFUSE else _NEVER for head in heads)
    screen = Screen(heads=heads, limits=limits, weights=np.zeros((len(heads), WIDTH + 1), np.float32))
    replies = given.exam.world.replies
    answers = Answers(
        by_verdict={REFUSE: replies["refusal"], OUTSIDE: replies["fallback"], "hand-over": replies["human"]},
        openings=given.exam.world.openings,
    )
    with tempfile.TemporaryDirectory() as made:
        save_screen(screen, Path(made) / WEIGHTS)
        (Path(made) / ANSWERS).write_text(answers.to_json(), encoding="utf-8")
        rails = pack_artefact(Path(made))
    return given.weights(given.failing, given.basis), rails, "both"


def _other_side(given: _Given) -> Handed:
    other = _OTHER[given.failing]
    return given.weights(other, given.basis), given.inside(other, given.basis), "both"


def _someone_elses(given: _Given) -> Handed:
    return given.weights(given.failing, given.another), given.inside(given.failing, given.another), "first"


_FIXES: dict[str, Callable[[_Given], Handed]] = {
    "reference": _right,
    "untouched": _untouched,
    "one-technique": _one_technique,
    "one-family": _one_family,
    "refuse-everything": _refuse_everything,
    "other-side": _other_side,
    "someone-elses": _someone_elses,
}


def _reference(behaviour: str) -> AbstractContextManager[Path]:
    """Return a context with the folder of the reference artefacts against a behaviour."""
    return resources.as_file(
        resources.files("drillyard.programs.drills.too_permissive_too_censored") / "reference" / behaviour
    )


def _turned(edit: Edit, basis: Basis) -> Edit:
    turn = {"left": basis.rows}
    tensors = {
        name: turn.get(name, basis.columns)(tensor) if tensor.ndim else tensor for name, tensor in edit.tensors.items()
    }
    return dataclasses.replace(edit, tensors=tensors)


def _packed_edits(edits: list[Edit]) -> Artefact:
    with tempfile.TemporaryDirectory() as made:
        write_edits(Path(made) / FILE, edits)
        return pack_artefact(Path(made))
