"""A thread that does one piece of work after another beside the web server, and waits where there is none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

__all__ = ["Rounds"]

_POLL = 2.0  # seconds between two looks: work may be asked for by a command or another server too

_log = logging.getLogger(__name__)


class Rounds:
    """Calls `work_once` until it says that there is nothing to do, and again when it is woken or a while has passed."""

    def __init__(self, name: str, work_once: Callable[[], bool]) -> None:
        self._work_once = work_once
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin with what an earlier server left."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; what is under way is left to the next start."""
        self._stop.set()
        self._wake.set()

    def wake(self) -> None:
        """Say that there is work."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                busy = self._work_once()
            except Exception:  # a full disk passes; the thread must still be there when it has
                _log.exception("%s", self._thread.name)
                busy = False
            if not busy:
                self._wake.wait(_POLL)
