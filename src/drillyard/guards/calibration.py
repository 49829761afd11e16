"""The threshold of whole replies: at most a share alpha of sound ones is blocked, however long they are.

A reply's score is the largest of its running scores, so one number per reply is exchangeable with the calibration's,
and stopping at the first word above the threshold blocks exactly the replies whose score is above it. Groups such as
languages that are named in the calibration get thresholds of their own (Mondrian; Vovk et al. 2005, chapter 4).

Does not cover: replies of another release, of another kind of customer, or to other templates than the calibration's:
they are not exchangeable with it, and the promise is void. The drift watch says so, after the fact.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from drillyard.errors import BadInput, bad_input
from drillyard.guards.base import AnyGuard
from drillyard.guards.examples import Example
from drillyard.records import Estimate, Record
from drillyard.records.files import read_record, write_record
from drillyard.stats.conformal import conformal_threshold, fewest_calibration, realised_rate
from drillyard.stats.martingale import DriftWatch

__all__ = [
    "DAYS",
    "EVERYBODY",
    "Calibration",
    "GroupThreshold",
    "calibrate",
    "expiry",
    "floor",
    "open_calibration",
    "save_calibration",
]

FILE = "calibration.json"
EVERYBODY = ""
"""The group of all replies together."""
DAYS = 30
"""Days after which a calibration ends, unless told otherwise."""
_MOST_DAYS = 36_500
_LOWEST = -1e6  # of a reply without a word, which scores minus infinity; JSON has no such number
_KEPT = 2000  # scores that the drift watch starts from


class GroupThreshold(Record):
    """A group's threshold, from `n` sound replies; `realised` is what share of such replies it may really block."""

    tau: float
    n: int
    realised: Estimate


class Calibration(Record):
    """Thresholds by group, for one guard (`guard` is its digest) and one release, from `made` up to `expires`."""

    guard: str
    alpha: Annotated[float, Field(gt=0, lt=1)]
    release: str
    made: datetime.date
    expires: datetime.date
    groups: dict[str, GroupThreshold]
    scores: tuple[float, ...]

    @field_validator("groups")
    @classmethod
    def _everybody_has_one(cls, groups: dict[str, GroupThreshold]) -> dict[str, GroupThreshold]:
        if EVERYBODY not in groups:
            raise ValueError(f"no threshold of everybody, whose name is {EVERYBODY!r}")
        return groups

    def tau(self, group: str = EVERYBODY) -> float:
        """Return a group's threshold; that of everybody where it has none of its own."""
        return self.groups.get(group, self.groups[EVERYBODY]).tau

    def watch(self, delta: float = 0.01) -> DriftWatch:
        """Return a drift watch that starts from these scores."""
        return DriftWatch(self.scores, delta)

    def ended(self, today: datetime.date) -> bool:
        """Say whether the calibration is over."""
        return today >= self.expires

    def check(self, guard: AnyGuard, release: str = "", today: datetime.date | None = None) -> None:
        """Raise `BadInput` where this is another guard's calibration, another release's, or over."""
        again = "type: drillyard guard calibrate"
        if guard.digest != self.guard:
            raise bad_input("a calibration of another guard", "one of this guard", again)
        if release and release != self.release:
            raise bad_input(f"a calibration of release {self.release!r}", f"one of {release!r}", again)
        if self.ended(today or datetime.date.today()):
            raise bad_input(f"a calibration that ended on {self.expires}", "one that holds today", again)


def floor(score: float) -> float:
    """Return a score as it is stored: a reply without a word has the lowest."""
    return max(score, _LOWEST)


def expiry(made: datetime.date, days: int) -> datetime.date:
    """Return the day on which a calibration ends. Raises `BadInput` outside a day … a hundred years."""
    if not 1 <= days <= _MOST_DAYS:
        raise bad_input(f"a calibration that holds {days} days", f"1 to {_MOST_DAYS}")
    return made + datetime.timedelta(days=days)


def calibrate(
    guard: AnyGuard,
    sound: Sequence[Example],
    alpha: float,
    release: str,
    *,
    today: datetime.date | None = None,
    days: int = DAYS,
) -> Calibration:
    """Set the thresholds of a guard on sound replies of a release.

    Raises:
        BadInput: replies that show something, too few of them in all or in a named group (the message says how many it
            takes), an alpha outside 0 … 1, days as `expiry`.
    """
    if bad := sum(bool(one.shown) for one in sound):
        raise bad_input(f"{bad} replies that show a behaviour", "sound replies only", "take them out of the file")
    made = today or datetime.date.today()
    expires = expiry(made, days)
    by_group: dict[str, list[float]] = defaultdict(list)
    for one in sound:
        score = floor(guard.score(one.text).score)
        for group in {EVERYBODY, one.group}:
            by_group[group].append(score)
    if not by_group:
        raise bad_input("no replies", f"at least {fewest_calibration(alpha)} sound ones")
    return Calibration(
        guard=guard.digest,
        alpha=alpha,
        release=release,
        made=made,
        expires=expires,
        groups={group: _threshold(group, scores, alpha) for group, scores in sorted(by_group.items())},
        scores=tuple(by_group[EVERYBODY][-_KEPT:]),
    )


def _threshold(group: str, scores: Sequence[float], alpha: float) -> GroupThreshold:
    try:
        tau = conformal_threshold(scores, alpha)
    except BadInput as error:
        raise BadInput(f"group {group!r}: {error}" if group else str(error)) from None
    return GroupThreshold(tau=tau, n=len(scores), realised=realised_rate(len(scores), alpha))


def save_calibration(calibration: Calibration, folder: Path) -> Path:
    """Write a calibration beside its guard."""
    write_record(folder / FILE, calibration)
    return folder / FILE


def open_calibration(
    folder: Path, guard: AnyGuard, release: str = "", today: datetime.date | None = None
) -> Calibration:
    """Read the calibration of a guard. Raises `BadInput` where there is none, or as `Calibration.check`."""
    made = read_record(folder / FILE, Calibration, "a calibrated guard: type drillyard guard calibrate")
    try:
        made.check(guard, release, today)
    except BadInput as error:
        raise BadInput(f"{folder / FILE}: {error}") from None
    return made
