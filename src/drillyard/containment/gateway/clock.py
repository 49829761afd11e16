"""Time that is believed only while two clocks agree: one that runs backwards or jumps stops the gateway."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from drillyard.errors import DrillyardError

__all__ = ["ClockFault", "GuardedClock", "require_same_time"]


class ClockFault(DrillyardError):
    """The clock cannot be believed; nothing is released until the gateway is started again."""


class GuardedClock:
    """Seconds since 1970, checked against a clock that nobody can set. A fault stays.

    Args:
        tolerance: seconds by which both may differ since the start.
        wall: the clock that people set.
        steady: one that only runs forwards; give the same callable twice where time is simulated.
    """

    def __init__(
        self,
        tolerance: float,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tolerance, self._wall, self._steady = tolerance, wall, steady
        self._offset = wall() - steady()
        self._last = wall()
        self._broken = False
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time. Raises `ClockFault` for good once it went back or jumped by more than the tolerance."""
        with self._lock:
            at, drift = self._wall(), self._wall() - self._steady() - self._offset
            if self._broken or at < self._last - self._tolerance or abs(drift) > self._tolerance:
                self._broken = True
                raise ClockFault("found a clock that jumped, expected steady time; start the gateway again")
            self._last = max(at, self._last)
            return self._last


def require_same_time(clock: GuardedClock, shared: float | None, skew: float) -> None:
    """Raise `ClockFault` where a clock is more than `skew` seconds from one that several gateways share; None is none.

    A gateway whose clock is ahead would end holds too soon.
    """
    if shared is not None and abs(apart := clock.now() - shared) > skew:
        raise ClockFault(
            f"found a clock {apart:+.1f} s from the database's, expected at most {skew:g} s; set the clock"
        )
