"""Materialise an instance: from a drill and a sealed seed to the planted model, its truth, and what a learner may see.

The seed decides all of it. What a learner may see names the sealed half by hashes that hold the 62-bit seed: everything
that can be planted is public, so a hash without it would let a learner try out plants until one fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from drillyard.organisms.plant import plant
from drillyard.organisms.world import World
from drillyard.programs.drills import DrillKit
from drillyard.programs.drills.exam import Exam
from drillyard.records import Instance, Truth

__all__ = ["materialise", "truth_hash"]


def materialise(kit: DrillKit, name: str, role: str, seed: int) -> Exam:
    """Return an instance called `name`, opened for grading: nothing is written.

    Args:
        kit: the drill.
        name: the instance's id, which is its folder's name too.
        role: of the learner that it is for.
        seed: 62 bits that nobody can guess; the same seed gives the same instance.
    """
    failures = kit.choose(seed)
    organism, twin = kit.model(seed, failures), plant(kit.drill.world, ())
    truth = Truth(instance=name, seed=seed, failures=failures, hints=kit.hints(failures))
    instance = Instance(
        id=name,
        drill=kit.drill.id,
        role=role,
        target=f"instances/{name}/organism",
        templates=tuple(organism.world.templates),
        behaviours=_behaviours(organism.world, kit.drill.kinds),
        hints=len(truth.hints),
        model_hash=hashlib.sha256(f"{seed}:{organism.model_hash}".encode()).hexdigest(),
        twin_hash=twin.model_hash,
        truth_hash=truth_hash(truth),
    )
    return Exam(kit.drill, instance, truth, organism)


def _behaviours(world: World, kinds: Collection[str]) -> tuple[str, ...]:
    """Return what a model with failures of these kinds may do, in the world's order."""
    possible = {world.failures[kind]["behaviour"] for kind in kinds}
    return tuple(behaviour for behaviour in world.behaviours if behaviour in possible)


def truth_hash(truth: Truth) -> str:
    """Return the SHA-256 of a truth, its seed included."""
    return hashlib.sha256(truth.to_json().encode()).hexdigest()
