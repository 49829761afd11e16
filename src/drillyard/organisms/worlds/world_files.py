"""The files of a world: where they are, and what stands in them.

A world is a folder with world.yaml, phrasings.yaml and failures.yaml. It ships with Drillyard and has a name, or it is
a folder of the user's and is named by a path with a slash in it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from drillyard.errors import bad_input
from drillyard.records.files import write_atomically
from drillyard.records.parts import Part, check_known, read_part
from drillyard.records.yaml_file import read_yaml

__all__ = ["PARTS", "WorldFiles", "find_world", "read_files", "shipped_worlds", "write_files"]

PARTS = ("world", "phrasings", "failures")


class _Changes(Part):
    """What a world adds to the lists of shared.yaml, and what it leaves out."""

    more: dict[str, tuple[str, ...]] = {}
    without: dict[str, tuple[str, ...]] = {}


@dataclass(frozen=True, kw_only=True)
class WorldFiles:
    """What stands in a world's files as it is, with what it takes from shared.yaml; `reference` is a name or a path."""

    reference: str
    folder: Path
    world: Mapping[str, Any]
    phrasings: Mapping[str, Any]
    failures: Mapping[str, Any]

    @property
    def shipped(self) -> bool:
        """Say whether the world ships with Drillyard."""
        return "/" not in self.reference

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of all that stands in the files: a trained base fits the world that it was trained in."""
        whole = json.dumps([self.world, self.phrasings, self.failures], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()


def shipped_worlds() -> list[str]:
    """Return the names of the worlds that ship with Drillyard."""
    return sorted(entry.name for entry in _root().iterdir() if (entry / "world.yaml").is_file())


def find_world(name: str) -> str:
    """Return the reference of a world: a shipped name as it is, a path (with a slash in it) made absolute.

    Raises:
        BadInput: no shipped world of that name, or no such folder.
    """
    if "/" in name:
        folder = Path(name).expanduser().resolve()
        if not (folder / "world.yaml").is_file():
            raise bad_input(
                f"no world in {name}",
                "a folder with world.yaml, phrasings.yaml and failures.yaml",
                "type: drillyard organism world init --help",
            )
        return str(folder)
    if name not in (known := shipped_worlds()):
        hint = f"type './{name}' for the folder" if (Path(name) / "world.yaml").is_file() else ""
        raise bad_input(f"world {name!r}", f"one of: {', '.join(known)}", hint)
    return name


def read_files(reference: str) -> WorldFiles:
    """Return what stands in the files of a world that `find_world` found; read again only when one has changed.

    Raises:
        BadInput: a file is missing or no YAML, or takes from shared.yaml what is not there.
    """
    folder = Path(reference) if "/" in reference else _root() / reference
    paths = [folder / f"{part}.yaml" for part in PARTS]
    for path in paths:
        if not path.is_file():
            raise bad_input(f"no file {path}", "world.yaml, phrasings.yaml and failures.yaml in a world's folder")
    return _read(reference, folder, tuple(path.stat().st_mtime_ns for path in paths))


def write_files(files: WorldFiles, folder: Path) -> None:
    """Write the files of a world, whole, so that `read_files` finds the same in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        text = yaml.safe_dump(getattr(files, part), sort_keys=False, allow_unicode=True, width=110)
        write_atomically(folder / f"{part}.yaml", text.encode())


@functools.lru_cache(maxsize=16)
def _read(reference: str, folder: Path, changed: tuple[int, ...]) -> WorldFiles:
    """Read the files; `changed`, when each was last written, is there to tell readings apart."""
    world, phrasings, failures = (_mapping(folder / f"{part}.yaml") for part in PARTS)
    phrasings = _with_shared(phrasings, _mapping(_root() / "shared.yaml"), folder / "phrasings.yaml")
    return WorldFiles(reference=reference, folder=folder, world=world, phrasings=phrasings, failures=failures)


def _with_shared(own: Mapping[str, Any], shared: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a world's phrasings with what it takes from shared.yaml; its own lists come first or instead."""
    phrasings = {name: value for name, value in own.items() if name != "shared"}
    intents = read_part(dict[str, Any], own.get("intents", {}), f"the intents of {path.name}")
    for name in (name for name, entry in intents.items() if entry == "shared"):
        check_known(f"{path}: the shared intent", name, shared["intents"], "intents of shared.yaml")
        phrasings["intents"] = intents = {**intents, name: shared["intents"][name]}
    changes = read_part(_Changes, own.get("shared", {}), f"'shared' in {path.name}")
    for name, words in shared.items():
        if name != "intents" and name not in phrasings:
            kept = [word for word in words if word not in changes.without.get(name, ())]
            phrasings[name] = [*changes.more.get(name, ()), *kept]
    return phrasings


def _mapping(path: Path) -> dict[str, Any]:
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise bad_input(f"{path} that holds no mapping", "keys with values, as in the worlds that ship")
    return data


def _root() -> Path:
    return Path(str(resources.files("drillyard.organisms") / "worlds"))
