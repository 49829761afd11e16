"""How every technique inside a model is fitted: read the lesson, propose edits, keep the one that validates best.

The dial multiplies the strength of that one: 1 is what validation chose, 0 leaves the model as it was. A model that
gets every pair right is left as it is.
"""

from __future__ import annotations

import abc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.alignment.base import Dial, Lesson, Setting
from drillyard.alignment.inside.edit import FILE, Edit, read_edits, write_edits
from drillyard.alignment.inside.insides import Insides, open_insides
from drillyard.alignment.inside.learning import Readings, read_lesson
from drillyard.errors import bad_input
from drillyard.records import FitCost
from drillyard.targets import Target

__all__ = ["DIAL", "FEWEST", "EditTechnique", "Proposal", "has_two_sides", "layers_to_try"]

DIAL = Dial(
    name="strength",
    default=1.0,
    sweep=(0.25, 0.5, 0.75, 1.0, 1.5),
    words="multiples of the strength that validation chose",
)

FEWEST = 8
"""Fewest pairs of a kind from which a direction is learned."""


_SHALLOW, _TRIED = 8, 4
"""Layers up to which each is tried, and how many are in a deeper model: every proposal reads validation pairs, and
232 of them on a model of 135 million parameters in 30 layers were not read in eight minutes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Proposal:
    """Edits that could be made, and in words which they are."""

    words: str
    edits: tuple[Edit, ...]


class EditTechnique(abc.ABC):
    """A technique that edits hidden states. A subclass says which edits it proposes."""

    name: str
    dial = DIAL

    @abc.abstractmethod
    def propose(self, readings: Readings, insides: Insides, lesson: Lesson) -> Iterator[Proposal]:
        """Yield edits to choose from, by what was read; none where there is nothing to mend.

        Raises:
            BadInput: the lesson has not what it takes.
        """

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Write the edits as `edits.safetensors`; its header says which proposal it was and what it was worth.

        Raises:
            BadInput: the target's weights cannot be reached, or the lesson has not what the technique takes.
        """
        began = time.perf_counter()
        insides = open_insides(target, self.name, lesson.world)
        readings, validation = read_lesson(insides, lesson, setting.seed, setting.told)
        proposals = list(self.propose(readings, insides, lesson))
        setting.told(f"{self.name}: proposals", 0, len(proposals))
        chosen = Proposal(words="nothing to mend", edits=())
        if proposals:
            chosen = proposals[validation.best([one.edits for one in proposals])]
        worth = {"before": validation.worth(()), "after": validation.worth(chosen.edits)}
        told = {name: round(value, 4) for name, value in worth.items()} | {"proposals": len(proposals)}
        edits = tuple(edit.scaled(setting.strength) for edit in chosen.edits)
        path = write_edits(setting.folder / FILE, edits, chosen=chosen.words, validation=told)
        tokens = readings.tokens + validation.tokens
        return FitCost(
            seconds=time.perf_counter() - began,
            tokens=tokens,
            flops=2.0 * insides.weights * tokens,
            parameters=sum(edit.parameters for edit in edits),
            bytes=path.stat().st_size,
            peak_bytes=readings.bytes,
            labels=len(lesson.preferences),
        )

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target under the edits of a folder. Raises `BadInput`: no edits there, or for another model."""
        return open_insides(target, self.name).changed(read_edits(folder / FILE), self.name)


def layers_to_try(layers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the layers at which edits are proposed, each with its place: all, or some of a deep model's.

    These lie between a quarter and seven eighths of the depth: chosen, not measured.
    """
    if len(layers) <= _SHALLOW:
        return list(enumerate(layers))
    first, last = len(layers) // 4, 7 * len(layers) // 8
    places = sorted({round(first + i * (last - first) / (_TRIED - 1)) for i in range(_TRIED)})
    return [(place, layers[place]) for place in places]


def has_two_sides(readings: Readings, technique: str) -> bool:
    """Say whether there are pairs that the model gets wrong beside those that it gets right.

    Raises:
        BadInput: it gets nearly all of them wrong, so that nothing can be told apart.
    """
    right = int((~readings.wrong).sum())
    if right < FEWEST:
        found = f"a lesson with {right} pairs of {len(readings.wrong)} that the model gets right, for {technique}"
        raise bad_input(found, f"at least {FEWEST} of both kinds", "add requests that it handles well")
    return int(readings.wrong.sum()) >= FEWEST
