"""Where a world's trained base is, and what it was trained on.

A world that ships has its base in the package. A world of the user's has it beside its files, in `base/`, or in the
user's cache folder. `trained.json` holds the hash of the world's files and the recipe: it claims the folder when the
training begins, and the weights, written last, end it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.organisms.worlds.world import load_world
from drillyard.organisms.worlds.world_files import WorldFiles
from drillyard.records import Record
from drillyard.records.caches import cache_folder
from drillyard.records.files import read_record

__all__ = ["TRAINED", "Trained", "base_folder", "default_base_folder", "read_trained", "show_reference"]

_SHAPE = 1  # of the cache of bases
TRAINED = "trained.json"


class Trained(Record):
    """What a base was trained on: the world's name, the hash of all that its files say, and the recipe."""

    world: str
    digest: str
    recipe: Mapping[str, int | float | str]


def base_folder(world: str) -> Path:
    """Return the folder of the trained base of a world (a name, or the path of a folder of one's own).

    Raises:
        BadInput: there is none, or the world's files have changed since it was trained.
    """
    files = load_world(world).files
    places = [_assets(files)] if files.shipped else [files.folder / "base", _cached(files)]
    for folder in places:
        if (folder / "model.safetensors").is_file():
            if not files.shipped:
                _check(files, folder)
            return folder
    how = f"drillyard organism build {show_reference(files)}"
    raise bad_input(f"no trained base for the world {files.world['name']!r}", " or ".join(map(str, places)), how)


def default_base_folder(world: str) -> Path:
    """Return where the base of a user's world goes: beside its files, or in the cache where nothing can be written.

    Raises:
        BadInput: the world ships with Drillyard; its base is in the package and stays there.
    """
    files = load_world(world).files
    if files.shipped:
        raise bad_input("no folder", "-o DIR for the base of a world that ships with Drillyard")
    return files.folder / "base" if os.access(files.folder, os.W_OK) else _cached(files)


def read_trained(folder: Path) -> Trained | None:
    """Return what the base in `folder` was trained on; None where the folder does not say."""
    path = folder / TRAINED
    return read_record(path, Trained) if path.is_file() else None


def show_reference(files: WorldFiles) -> str:
    """Return a world's reference as a person types it: a name, or a short path with a slash in it."""
    if files.shipped:
        return files.reference
    near = os.path.relpath(files.folder)
    return files.reference if near.startswith("..") else f"./{near}"


def _check(files: WorldFiles, folder: Path) -> None:
    trained = read_trained(folder)
    if trained is None or trained.digest != files.digest:
        expected = "one that was trained in the world as it is now"
        raise bad_input(
            f"an older base in {folder}", expected, f"delete it, then: drillyard organism build {show_reference(files)}"
        )


def _assets(files: WorldFiles) -> Path:
    return Path(str(resources.files("drillyard.organisms") / "assets" / files.reference))


def _cached(files: WorldFiles) -> Path:
    return cache_folder("bases", _SHAPE) / f"{files.world['name']}-{files.digest[:12]}"
