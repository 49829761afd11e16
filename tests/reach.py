"""Print the test folders of a room and of every room with a module that reaches it, by the import graph.

python tests/reach.py stats
"""

from __future__ import annotations

import functools
import sys
from collections import defaultdict
from pathlib import Path

from test_architecture import FILES, PACKAGE, ROOMS, SRC, imports, lazy_targets, place

__all__ = ["reached", "users"]


def module(path: Path) -> str:
    """Return the dotted name of a file."""
    return ".".join((PACKAGE, *path.relative_to(SRC).with_suffix("").parts)).removesuffix(".__init__")


@functools.cache
def users() -> dict[str, set[str]]:
    """Return, for each module of ours, those that import it, by name or by a registry string."""
    known, found = {module(path) for path in FILES}, defaultdict(set)
    for path in FILES:
        for _, name in (*imports(path), *lazy_targets(path)):
            used = name if name in known else name.rpartition(".")[0]
            if used in known:
                found[used].add(module(path))
    return found


def reached(room: str) -> list[str]:
    """Return the rooms, from left to right, with a module that imports one of `room`, however far off."""
    found, graph = set(), users()
    todo = [module(path) for path in FILES if place(path) == room]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += graph[name]
    return [name for name in ROOMS if any(one.split(".")[1:2] == [name] for one in found)]


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1] not in ROOMS:
        sys.exit(f"error: found room {sys.argv[1]!r}, expected one of: {', '.join(ROOMS)}")
    print(*(here / name for name in reached(sys.argv[1]) if (here / name).is_dir()))
