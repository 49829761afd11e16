"""Child processes, as the kernel lists them: for tests that kill for real."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

__all__ = ["alive", "children", "until"]

T = TypeVar("T")


def children(pid: int | None = None) -> list[int]:
    """Return the processes that are children of this one, or of `pid`."""
    found: list[int] = []
    for task in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def alive(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(get: Callable[[], T], seconds: float = 120) -> T:
    """Return what `get` returns once that is true; the limit only keeps a broken test from hanging."""
    end = time.monotonic() + seconds
    while not (found := get()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found
