"""Child processes, as the kernel lists them: for tests that kill for real."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

__all__ = ["alive", "children", "serve_yard", "until"]

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


@contextmanager
def serve_yard(programme: Path, *options: str) -> Iterator[str]:
    """Serve a programme from a process of its own and give its address."""
    command = [sys.executable, "-m", "drillyard", "yard", "serve", str(programme), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = ""
        while "Ctrl+C" not in said:
            line = server.stderr.readline()
            assert line, said
            said += line
        try:
            yield next(word for word in said.split() if word.startswith("http://")).rstrip("/")
        finally:  # else a test that fails would wait for it for ever
            server.terminate()
