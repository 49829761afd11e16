"""A world that an organism lives in: what stands in its files, checked, and where they are."""

from __future__ import annotations

from typing import Self

from drillyard.errors import bad_input
from drillyard.organisms.worlds.kinds import FailureKinds
from drillyard.organisms.worlds.scope import Ask
from drillyard.organisms.worlds.setting import Setting
from drillyard.organisms.worlds.words import Phrasings
from drillyard.organisms.worlds.world_check import check_setting
from drillyard.organisms.worlds.world_files import WorldFiles, find_world, read_files, shipped_worlds
from drillyard.records.parts import read_part

__all__ = ["Ask", "World", "load_world"]


class World(Setting):
    """A loaded world. `files` are what it was read from, `reference` is what `load_world` finds it by.

    Two worlds are the same when they are one object: what is drawn from a world is kept by it.
    """

    files: WorldFiles

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    @classmethod
    def of(cls, files: WorldFiles) -> Self:
        """Return the world of these files.

        Raises:
            BadInput: something is missing, of another kind, or names what the world does not have.
        """
        phrasings = read_part(Phrasings, files.phrasings, "phrasings.yaml")
        failures = read_part(FailureKinds, files.failures, "failures.yaml")
        world = read_part(
            cls, {**files.world, "files": files, "phrasings": phrasings, "failures": failures}, "world.yaml"
        )
        check_setting(world)
        return world

    @property
    def reference(self) -> str:
        """Its name when it ships with Drillyard, else the path of its folder."""
        return self.files.reference


_LOADED: dict[str, World] = {}


def load_world(name: str) -> World:
    """Load a world: by name one that ships with Drillyard, by a path (with a slash in it) a folder of your own.

    Raises:
        BadInput: there is none of that name or no such folder, or its files do not fit together.
    """
    reference = find_world(name)
    files = read_files(reference)
    known = _LOADED.get(reference)
    if known is None or known.files is not files:
        known = World.of(files)
        if not files.shipped and known.name in shipped_worlds():
            raise bad_input(f"the name {known.name!r} of a world that ships with Drillyard", "a name of its own")
        _LOADED[reference] = known
    return known
