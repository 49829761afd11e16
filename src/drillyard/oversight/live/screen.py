"""Cheap first: a guard scores each draft, and only what it is unsure of costs a critic; and what a critic may cost.

Does not cover: failures that the guard was not trained on and that need no figure. Their drafts pass unread.
"""

from __future__ import annotations

import datetime
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.guards.calibration import Calibration, open_calibration
from drillyard.guards.guard import Guard, open_guard
from drillyard.stats.conformal import conformal_threshold

__all__ = ["HourlyBudget", "Screen", "make_screen", "open_screen"]


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A guard with two thresholds: up to `low` a draft passes, above `high` it is held, between them a critic reads.

    A guard hears how something is said, not whether it is true: a draft that states a figure never passes unread. From
    the day on which its calibration `ends` a critic reads every draft.
    """

    guard: Guard
    low: float
    high: float
    ends: datetime.date

    def look(self, draft: str) -> tuple[float | None, str]:
        """Return 0 or 1 with a reason where the guard is sure, None where a critic must read."""
        found = self.guard.score(draft)
        if datetime.date.today() >= self.ends:
            return None, ""
        if found.score <= self.low and not any(sign.isdigit() for sign in draft):
            return 0.0, f"the guard scores it {found.score:.2f}, as most sound replies"
        if found.score > self.high:
            return 1.0, f"the guard flags it: {found.behaviour}, {found.score:.2f}"
        return None, ""


def make_screen(guard: Guard, calibration: Calibration, share: float) -> Screen:
    """Return the screen by which a critic reads about this share of sound drafts, and the guard holds what it flags.

    Raises:
        BadInput: a share at or below that which the guard may flag, or too few calibrated replies for it.
    """
    if not calibration.alpha < share < 1:
        found = f"a share of {share:g} of sound drafts that a critic reads"
        raise bad_input(found, f"more than {calibration.alpha:g}, which the guard may flag, and less than 1")
    low = conformal_threshold(calibration.scores, share)
    return Screen(guard=guard, low=low, high=calibration.tau(), ends=calibration.expires)


def open_screen(folder: Path, share: float) -> Screen:
    """Open a guard with its calibration as a screen. Raises `BadInput` as these, and as `make_screen`."""
    guard = open_guard(folder)
    return make_screen(guard, open_calibration(folder, guard), share)


class HourlyBudget:
    """The most drafts that a critic reads, and tokens that it takes, within any hour; 0 is no limit.

    A draft that is being read counts from its beginning, its tokens when it is over. Safe for several threads.
    """

    def __init__(self, drafts: int, tokens: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._drafts, self._tokens, self._clock = drafts, tokens, clock
        self._spent: deque[tuple[float, int, int]] = deque()
        self._lock = threading.Lock()

    def take(self) -> str:
        """Take a draft from the budget, or return what is spent."""
        with self._lock:
            now = self._clock()
            while self._spent and self._spent[0][0] <= now - 3600:
                self._spent.popleft()
            if self._drafts and sum(one[1] for one in self._spent) >= self._drafts:
                return f"the critic's budget of {self._drafts} drafts an hour is spent"
            if self._tokens and sum(one[2] for one in self._spent) >= self._tokens:
                return f"the critic's budget of {self._tokens} tokens an hour is spent"
            self._spent.append((now, 1, 0))
            return ""

    def pay(self, tokens: int) -> None:
        """Count the tokens of a draft that was read."""
        with self._lock:
            self._spent.append((self._clock(), 0, tokens))
