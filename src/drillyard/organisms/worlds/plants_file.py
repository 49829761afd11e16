"""Read `plants.yaml`: which failures to plant in which world, and how often each is to show.

world: helpdesk
failures:
- refund-rule:lamp                        # at the kind's default rate
- {failure: upsell:v2, rate: 0.5}
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.aiming import exam_asker, triggering
from drillyard.organisms.worlds.failures import Fault, faults, find_failure
from drillyard.organisms.worlds.kinds import Append
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import FailureMode, Plants
from drillyard.records.yaml_file import read_yaml

__all__ = ["check_triggers", "load_plants"]

_FORM = "world: helpdesk, failures: [upsell:v2, {failure: refund-rule:lamp, rate: 0.5}]"
_DRAWS = 50


def load_plants(path: Path) -> Plants:
    """Read a file of failures to plant.

    Raises:
        BadInput: no such file, no YAML, an unknown world, kind or failure, one named twice, a rate outside (0, 1], or
            two failures whose triggers overlap, so that nobody could say which one a reply shows.
    """
    data = read_yaml(path)
    if not isinstance(data, dict) or set(data) != {"world", "failures"} or not isinstance(data["failures"], list):
        raise bad_input(f"{path.name} without 'world' and a list of 'failures', or with more", _FORM)
    world = load_world(str(data["world"]))
    modes = tuple(_mode(world, entry) for entry in data["failures"])
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


def _mode(world: World, entry: object) -> FailureMode:
    if isinstance(entry, str):
        return find_failure(world, entry)
    if not isinstance(entry, Mapping) or not set(entry) <= {"failure", "rate"} or "failure" not in entry:
        raise bad_input(f"the entry {entry!r}", "the id of a failure, or {failure: ID, rate: 0.5}")
    rate = entry.get("rate")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1):
        raise bad_input(f"the rate {rate!r} of {entry['failure']}", "a number above 0 and at most 1")
    return find_failure(world, str(entry["failure"]), rate)
