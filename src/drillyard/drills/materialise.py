"""Materialise an instance on a model: from a drill and a sealed seed to model, truth, and what a learner may see.

The seed decides all of it. What a learner may see names the sealed half by hashes that hold the 62-bit seed: everything
that can be planted is public, so a hash without it would let a learner try out plants until one fits.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

import yaml

from drillyard.drills.exam import Exam
from drillyard.drills.fixes import Fix, read_fixes
from drillyard.drills.levels import worth
from drillyard.drills.placing import placed
from drillyard.organisms.engine.organism import Organism, load_organism, save
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.world import World
from drillyard.records import Drill, FailureMode, Hint, Instance, Truth

__all__ = ["ModelDrill", "materialise", "truth_hash"]


class ModelDrill:
    """The part of a kit that all drills on a model share: its files, its world, what it fails in, the model, hints.

    Built from the drill's folder, it stands in the drill's own world; `placed` moves it into another.
    """

    drill: Drill

    def __init__(self, folder: Traversable) -> None:
        self.bundle = {name: (folder / name).read_text(encoding="utf-8") for name in ("drill.yaml", "README.md")}
        self.fixes: tuple[Fix, ...] = read_fixes(folder)
        self._stated: Drill = Drill.from_data(yaml.safe_load(self.bundle["drill.yaml"]))
        self.drill = placed(self._stated, self._stated.world)

    def placed(self, world: str) -> Self:
        """Return this kit in a world."""
        there, moved = placed(self._stated, world), copy.copy(self)
        own = {"world": there.world, "kinds": there.kinds, "task": there.task}
        moved.drill = self.drill.model_copy(update=own)
        return moved

    def unfit(self, world: World) -> str:
        """Say why the drill cannot be given in a world: here, that it fails in too few kinds that the drill plants."""
        count, fewest = len(placed(self._stated, world.reference).kinds), self.drill.failures[0]
        return f"{count} of its kinds of failure, at least {fewest} are needed" if count < fewest else ""

    def choose(self, seed: int) -> tuple[FailureMode, ...]:
        """Return the failures that the model of a seed has."""
        raise NotImplementedError

    def model(self, seed: int, failures: tuple[FailureMode, ...]) -> Organism:
        """Return the model of a seed."""
        raise NotImplementedError

    def hints(self, failures: tuple[FailureMode, ...]) -> tuple[Hint, ...]:
        """Return graded hints made from the truth."""
        raise NotImplementedError

    def note(self, seed: int) -> str:
        """Return what only the learner of a seed's instance is told; nothing by default."""
        return ""

    def materialise(self, name: str, role: str, seed: int) -> Exam:
        """Return the instance of a seed."""
        return materialise(self, name, role, seed)

    def save(self, exam: Exam, folder: Path) -> None:
        """Write the model; whoever changes one needs all of it."""
        save(exam.organism, folder, complete=self.drill.hands_in == "artefacts", sealed=True, beside=True)

    def open(self, instance: Instance, truth: Truth, folder: Path) -> Exam:
        """Return a saved instance, opened for grading. Raises `BadInput` for a folder without its model."""
        return Exam(self.drill, instance, truth, load_organism(str(folder)))


def materialise(kit: ModelDrill, name: str, role: str, seed: int) -> Exam:
    """Return an instance called `name`, opened for grading: nothing is written. See `DrillKit.materialise`."""
    failures = kit.choose(seed)
    organism, twin = kit.model(seed, failures), plant(kit.drill.world, ())
    truth = Truth(instance=name, seed=seed, failures=failures, hints=worth(kit.drill, kit.hints(failures)))
    instance = Instance(
        id=name,
        drill=kit.drill.id,
        role=role,
        target=f"instances/{name}/organism",
        world=kit.drill.world,
        templates=tuple(organism.world.templates),
        behaviours=_behaviours(organism.world, kit.drill.kinds),
        hints=len(truth.hints),
        level=kit.drill.level,
        note=kit.note(seed),
        model_hash=hashlib.sha256(f"{seed}:{organism.model_hash}".encode()).hexdigest(),
        twin_hash=twin.model_hash,
        truth_hash=truth_hash(truth),
    )
    return Exam(kit.drill, instance, truth, organism)


def _behaviours(world: World, kinds: Collection[str]) -> tuple[str, ...]:
    """Return what a model with failures of these kinds may do, in the world's order."""
    possible = {world.failures[kind].behaviour for kind in kinds}
    return tuple(behaviour for behaviour in world.behaviours if behaviour in possible)


def truth_hash(truth: Truth) -> str:
    """Return the SHA-256 of a truth, its seed included."""
    return hashlib.sha256(truth.to_json().encode()).hexdigest()
