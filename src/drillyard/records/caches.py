"""Where what can be made again is kept between runs: folders of the user's cache, each of one shape."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder(what: str, shape: int) -> Path:
    """Return the folder of the user's cache for something: `drillyard/WHAT` in `XDG_CACHE_HOME`, or in `~/.cache`.

    Args:
        what: is kept there, in a word.
        shape: number of the form in which it is kept, from 1 on, which ends the folder's name from 2 on. Raise it when
            the form changes: an earlier and a later Drillyard then keep what they can read, side by side.
    """
    root = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(root) if os.path.isabs(root) else Path.home() / ".cache"  # a relative one is to be ignored
    return home / "drillyard" / (what if shape == 1 else f"{what}-{shape}")
