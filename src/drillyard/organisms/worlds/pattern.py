"""What ships for the worlds that users write: the shop that a new one is cut after, and what every shop has."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

from drillyard.organisms.worlds.world import World, load_world
from drillyard.records.yaml_file import read_yaml

__all__ = ["generic", "pattern_shop"]


@functools.cache
def generic(name: str = "generic.yaml") -> Mapping[str, Any]:
    """Return what stands in generic.yaml, or in another file that ships beside the worlds."""
    data = read_yaml(resources.files("drillyard.organisms") / "worlds" / name)
    assert isinstance(data, dict), "it ships with Drillyard"
    return data


def pattern_shop() -> World:
    """Return the shop that ships: a new one takes phrasings, replies and failures from it, and its base."""
    return load_world(generic()["pattern"])
