"""How fast to ask a server that may be busy: fewer requests at a time after each "too many", one more after successes.

Additive increase and multiplicative decrease (Chiu & Jain 1989), with waits that double and are shortened at random, so
that many clients do not come back at the same moment (Brooker 2015, "Exponential backoff and jitter").
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["LONGEST", "Pace"]

LONGEST = 60.0
"""Seconds of the longest wait; servers count requests by the minute."""


class Pace:
    """Lets threads ask one after another, as many at a time as the server bears.

    Args:
        most: requests at the same time when nothing is in the way.
        shortest: seconds of the first wait.
    """

    def __init__(self, most: int, shortest: float = 0.5) -> None:
        self._most, self._shortest = most, shortest
        self._room, self._running, self._slowed, self._until = float(most), 0, 0.0, 0.0
        self._strikes = 0
        self._free = threading.Condition()

    @property
    def strikes(self) -> int:
        """How often the server was busy since it last answered anybody."""
        return self._strikes

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait for a turn, and give the moment at which it began."""
        with self._free:
            while self._running >= int(self._room) or (wait := self._until - time.monotonic()) > 0:
                self._free.wait(None if self._running >= int(self._room) else wait)
            self._running += 1
        try:
            yield time.monotonic()
        finally:
            with self._free:
                self._running -= 1
                self._free.notify_all()

    def ease(self) -> None:
        """Take note of an answer: after as many as run at a time, one more may run."""
        with self._free:
            self._strikes = 0
            self._room = min(self._most, self._room + 1 / self._room)
            self._free.notify_all()

    def slow(self, began: float, wanted: float | None = None) -> None:
        """Take note that the server was busy; requests that had begun before the last time say nothing new.

        Args:
            began: when the request began, from `turn`.
            wanted: seconds that the server asks to wait, if it says so.
        """
        with self._free:
            if began < self._slowed:
                return
            wait = min(LONGEST, self._shortest * 2**self._strikes) * random.uniform(0.5, 1)
            self._strikes += 1
            self._room = max(1.0, self._room / 2)
            self._slowed = time.monotonic()
            self._until = self._slowed + (wait if wanted is None else min(wanted, 2 * LONGEST))
