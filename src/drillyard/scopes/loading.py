"""Open a scope by what people type: the name or folder of a world, or the folder of compiled documents."""

from __future__ import annotations

import warnings
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import load_world
from drillyard.organisms.worlds.world_files import shipped_worlds
from drillyard.scopes.folder import NAME, changed_sources, read_compiled
from drillyard.scopes.scope import DocumentScope

__all__ = ["load_scope"]

_LOADED: dict[str, tuple[int, DocumentScope]] = {}


def load_scope(name: str) -> Scope:
    """Return the scope of a name: a world that ships, the folder of a world, or one that `scope build` has made.

    A folder of documents needs no slash in it where no world has its name.

    Raises:
        BadInput: there is no such world or folder, it does not hold together, or nothing in it is confirmed.
    """
    folder = Path(name).expanduser()
    if name not in shipped_worlds() and (folder / NAME).is_file():
        written = (folder / NAME).stat().st_mtime_ns
        known = _LOADED.get(str(folder.resolve()))
        if known is None or known[0] != written:
            compiled = read_compiled(folder)
            if changed := changed_sources(compiled):
                words = f"{', '.join(changed)} changed since {folder} was compiled: type drillyard scope build"
                warnings.warn(words, stacklevel=2)
            known = (written, DocumentScope(compiled, folder))
            _LOADED[str(folder.resolve())] = known
        return known[1]
    if "/" in name and folder.is_dir() and not (folder / "world.yaml").is_file():
        found = f"no scope in {name}"
        how = "type: drillyard scope build DIR -o SCOPE, and name SCOPE"
        raise bad_input(found, "a folder with scope.json or world.yaml", how)
    if "/" not in name and name not in shipped_worlds():
        expected = f"one of the worlds {', '.join(shipped_worlds())}, or a folder that drillyard scope build has made"
        hint = f"type './{name}' for the folder" if (folder / "world.yaml").is_file() else ""
        raise bad_input(f"the scope {name!r}", expected, hint)
    return load_world(name)
