"""Copies that are built beside the web server: one at a time, each in a process of its own, proven before it is shown.

What is to be built stands in the roster, so a server that was killed in the middle goes on with it at its next start,
and the lock of the instance keeps two servers from building the same one.
"""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from drillyard.drills import load_drill
from drillyard.errors import DrillyardError
from drillyard.programs.create import is_finished
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import drill_of, try_number
from drillyard.tasks.workers import ONE_THREAD
from drillyard.yard.rounds import Rounds

__all__ = ["BUILD_SECONDS", "Builder", "WaitingCopy", "build_apart"]

BUILD_SECONDS = 900.0
"""Longest that one copy may take: four draws of the slowest drill, on a machine that is busy."""
_TRIES = 3
"""A copy that broke the builder this often is given up and shown to the designer: chosen."""

_QUICKEST = ("answers", "claims", "policy", "artefacts")

_log = logging.getLogger(__name__)

_CHILD = "import os, sys; os.nice(10); from drillyard.programs.create import build; build(sys.argv[1], sys.argv[2])"


@dataclass(frozen=True, kw_only=True)
class WaitingCopy:
    """How far a copy is: `ahead` are those that are built before it, `seconds` how long its own building has taken."""

    ahead: int
    seconds: float | None
    given_up: bool


def build_apart(folder: ProgramFolder, name: str) -> None:
    """Build an instance in a process of its own, which learners' pages are served before.

    Raises:
        DrillyardError: it did not end well; the line says how.
    """
    command = [sys.executable, "-P", "-c", _CHILD, str(folder.path.resolve()), name]
    try:
        child = subprocess.run(
            command, capture_output=True, timeout=BUILD_SECONDS, env={**os.environ, **ONE_THREAD}, check=False
        )
    except subprocess.TimeoutExpired:
        raise DrillyardError(f"building {name} took longer than {BUILD_SECONDS:g} s") from None
    if child.returncode:
        last = (child.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise DrillyardError(f"building {name} ended with code {child.returncode}: {last[:300]}")


class Builder(Rounds):
    """A thread that builds what the roster names beyond `drillyard create`, in its order, and tells how far each is."""

    def __init__(self, folder: ProgramFolder, build: Callable[[ProgramFolder, str], None] = build_apart) -> None:
        super().__init__("builder", self.work_once)
        self._folder, self._build = folder, build
        self._failed: dict[str, int] = {}
        self._wanted: set[str] = set()
        self._now: tuple[str, float] | None = None

    def waiting(self, name: str) -> WaitingCopy:
        """Return how far a copy is that cannot be opened yet; it is now built before those that nobody waits for."""
        self._wanted.add(name)
        queue, now = self._queue(), self._now
        ahead = queue.index(name) if name in queue else 0
        seconds = time.monotonic() - now[1] if now and now[0] == name else None
        given_up = self._failed.get(name, 0) >= _TRIES or is_finished(self._folder, name)
        return WaitingCopy(ahead=ahead, seconds=seconds, given_up=given_up)

    def work_once(self) -> bool:
        """Build the next copy; false when there is none to build."""
        queue = self._queue()
        if not queue:
            return False
        name = queue[0]
        self._now = (name, time.monotonic())
        try:
            self._build(self._folder, name)
        except DrillyardError as error:
            self._failed[name] = self._failed.get(name, 0) + 1
            _log.error("try %d: %s", self._failed[name], error)
        finally:
            self._now = None
        return True

    def _queue(self) -> list[str]:
        """Return the copies that are the yard's to build: whose page is open first, then quick first tries, in turn."""
        roster = self._folder.roster()
        named = [
            (name not in self._wanted, try_number(name, learner.id), _slow(drill_of(name, learner.id)), place, name)
            for learner in roster.learners
            for place, name in enumerate(learner.instances)
            if roster.built_by_the_yard(learner, name)
        ]
        return [
            name
            for *_, name in sorted(named, key=lambda one: one[:4])
            if self._failed.get(name, 0) < _TRIES and not is_finished(self._folder, name)
        ]


@functools.cache
def _slow(drill: str) -> int:
    """Return a drill's place by what is handed in, from seconds for a paper to minutes for a repair."""
    return _QUICKEST.index(load_drill(drill).hands_in)
