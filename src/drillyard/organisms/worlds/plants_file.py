"""Read `plants.yaml`: which failures to plant in which world, and how often each is to show.

world: helpdesk
failures:
- refund-rule:lamp                        # at the kind's default rate
- {failure: upsell:v2, rate: 0.5}
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import model_validator

from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.aiming import exam_asker, triggering
from drillyard.organisms.worlds.failures import Fault, faults, find_failure
from drillyard.organisms.worlds.kinds import Append, Rate
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import FailureMode, Plants
from drillyard.records.parts import Part, read_part
from drillyard.records.yaml_file import read_yaml

__all__ = ["check_triggers", "load_plants"]

_DRAWS = 50


class _Entry(Part):
    """One failure to plant, by its id alone or with a rate."""

    failure: str
    rate: Rate | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_id(cls, data: Any) -> Any:
        return {"failure": data} if isinstance(data, str) else data


class _File(Part):
    world: str
    failures: tuple[_Entry, ...]


def load_plants(path: Path) -> Plants:
    """Read a file of failures to plant.

    Raises:
        BadInput: no such file, no YAML, an unknown world, kind or failure, one named twice, a rate outside (0, 1], or
            two failures whose triggers overlap, so that nobody could say which one a reply shows.
    """
    file = read_part(_File, read_yaml(path), path.name)
    world = load_world(file.world)
    modes = tuple(find_failure(world, entry.failure, entry.rate) for entry in file.failures)
    if not modes:
        raise bad_input(f"no failures in {path.name}", "at least one", f"see: drillyard organism list {world.name}")
    names = [mode.id for mode in modes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise bad_input(f"failure {twice[0]!r} twice in {path.name}", "each failure once")
    check_triggers(world, modes)
    return Plants(world=world.reference, failures=modes)


def check_triggers(world: World, modes: Iterable[FailureMode]) -> None:
    """Raise `BadInput` where two failures would answer the same question, each in its own way.

    A failure that only adds a sentence overlaps with none. Triggers are compared on drawn questions.
    """
    planted = {mode.id for mode in modes}
    rivals = [fault for fault in faults(world) if fault.id in planted and not isinstance(fault.spec.then, Append)]
    asker = exam_asker(world)
    for one, other in itertools.permutations(rivals, 2):
        rng = random.Random(f"overlap:{one.id}:{other.id}")
        if any(_both(one, other, *triggering(asker, one, rng)) for _ in range(_DRAWS)):
            raise BadInput(f"found {one.id!r} and {other.id!r}, whose triggers overlap, expected one of the two")


def _both(one: Fault, other: Fault, *asked: Any) -> bool:
    return one.matches(*asked) and other.matches(*asked)
