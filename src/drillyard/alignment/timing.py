"""Time the arms of a comparison, one after the other when nothing else runs: each as one user meets it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from drillyard.alignment.aligned import open_aligned
from drillyard.alignment.arms import Arm, place_of, store_result
from drillyard.alignment.spec import AlignSpec
from drillyard.alignment.weighing.serving import LEAST, measure_serving
from drillyard.organisms.worlds.aiming import exam_asker
from drillyard.organisms.worlds.world import load_world
from drillyard.records import ArmResult, Conversation

__all__ = ["time_arms"]


def time_arms(
    spec: AlignSpec, folder: Path, results: Sequence[ArmResult], told: Callable[[str], None] = lambda _: None
) -> list[ArmResult]:
    """Return the results with the first seed of every technique and setting timed, on ordinary requests.

    What is timed already is left as it is; what is new is kept in the arms' folders.
    """
    world, rng = load_world(spec.scope), random.Random("requests to time")
    asker = exam_asker(world)
    asked = [Conversation.ask(asker.any(rng).text, rng.choice(["", *world.templates])) for _ in range(LEAST)]
    timed: set[tuple[str, float]] = set()
    found = []
    for result in results:
        key = (result.technique, result.strength)
        if key not in timed and result.serving is None:
            arm = Arm(technique=result.technique, strength=result.strength, seed=result.seed)
            target = open_aligned(f"aligned/{place_of(folder, arm)}#{spec.target}")  # which the user has typed
            result = result.model_copy(update={"serving": measure_serving(target, asked)})
            store_result(folder, arm, result)
            told(f"timed {arm.name}")
        timed.add(key)
        found.append(result)
    return found
