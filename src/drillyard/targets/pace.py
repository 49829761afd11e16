"""How fast to ask a server: as many requests at a time as make it answer more, fewer after each "too many".

Servers differ: one answers hundreds at once, one (llama.cpp's) takes one at a time and lets the others wait until they
time out. So asking begins with one at a time; as long as twice as many bring clearly more answers per second, twice as
many run. After that: additive increase and multiplicative decrease (Chiu & Jain 1989), with waits that double and are
shortened at random, so that many clients do not come back at the same moment (Brooker 2015, "Exponential backoff and
jitter").
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["LONGEST", "Pace", "wanted_wait"]

LONGEST = 60.0
"""Seconds of the longest wait; servers count requests by the minute."""

_WORTH = 1.25
"""Times as many answers per second as with half as many requests: less is no gain. One at a time gives 1.0, and two of
the processors that share one request gave 1.1."""

_ENOUGH = 0.05
"""Seconds per answer below which a server is quick enough for any number: nothing is learned from so short a time."""


class Pace:
    """Lets threads ask one after another, as many at a time as the server bears.

    Args:
        most: requests at the same time when nothing is in the way.
        shortest: seconds of the first wait.
    """

    def __init__(self, most: int, shortest: float = 0.5) -> None:
        self._most, self._shortest = most, shortest
        self._room, self._running, self._slowed, self._until = 1.0, 0, 0.0, 0.0
        self._strikes = 0
        self._free = threading.Condition()
        self._growing = most > 1
        self._best, self._answers, self._since = 0.0, 0, 0.0

    @property
    def strikes(self) -> int:
        """How often the server was busy since it last answered anybody."""
        return self._strikes

    @property
    def room(self) -> int:
        """How many requests may run at the same time."""
        return int(self._room)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait for a turn, and give the moment at which it began."""
        with self._free:
            while self._running >= int(self._room) or (wait := self._until - time.monotonic()) > 0:
                self._free.wait(None if self._running >= int(self._room) else wait)
            self._running += 1
            self._since = self._since or time.monotonic()
        try:
            yield time.monotonic()
        finally:
            with self._free:
                self._running -= 1
                self._free.notify_all()

    def ease(self) -> None:
        """Take note of an answer: try twice as many where that pays, else one more after as many as run at a time."""
        with self._free:
            self._strikes = 0
            if self._growing:
                self._answers += 1
                if self._answers >= 2 * self._room:
                    self._weigh(time.monotonic())
            elif not self._best:
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
            self._growing, self._best = False, 0.0
            self._slowed = time.monotonic()
            self._until = self._slowed + (wait if wanted is None else min(wanted, 2 * LONGEST))

    def _weigh(self, now: float) -> None:
        """Compare the answers per second with those of half as many requests; go on doubling, or back and stay."""
        seconds = max(now - self._since, 1e-9)
        rate = self._answers / seconds
        self._answers, self._since = 0, now
        if rate < _WORTH * self._best and 1 / rate > _ENOUGH:
            self._room, self._growing = max(1.0, self._room / 2), False
            return
        self._best = max(rate, self._best)
        self._room = min(float(self._most), 2 * self._room)
        if self._room == self._most:
            self._growing, self._best = False, 0.0


def wanted_wait(error: Any) -> float | None:
    """Return the seconds that a server asks to wait; None where it does not say, or not in seconds."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None
