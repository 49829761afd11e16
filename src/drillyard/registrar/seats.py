"""Seats: who is where in a session, who seems stuck, and by which sign; for whoever leads it.

A sign is a reason to walk over and ask, no judgement: each says what was counted, and nothing acts on it by itself.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from drillyard.drills import load_drill
from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner, drill_of
from drillyard.records import Drill, Grade, Instance
from drillyard.registrar.store import Store
from drillyard.registrar.tables import ChatRow, ClaimRow, DraftRow, EventRow, GradeRow, HintRow, SubmissionRow, TipRow

__all__ = ["MANY_MESSAGES", "QUIET_SECONDS", "Seat", "Seats"]

QUIET_SECONDS = 600.0
"""Ten minutes without a message, a claim, a hint or a typed word: long for reading the longest task; chosen."""

MANY_MESSAGES = 15
"""Messages without a claim: the scripted sweep of the failure hunt has its first failure after a dozen; chosen."""

_STATES = {"received": "grading", "grading": "grading", "failed": "not graded"}
_NOT_THEIRS = ("tip", "grading", "graded", "failed")
"""Events at a learner's copy that are no step of theirs."""

_Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A learner at the copy of a drill that they work at, or did last.

    `state` is not begun, in hand, grading, not graded, passed or not passed; `stuck` says by which sign somebody may
    want help, or nothing; `quiet` are the seconds since their last step, `minutes` those since they began.
    """

    learner: Learner
    instance: str
    drill: Drill
    state: str
    stuck: str
    minutes: float | None
    quiet: float | None
    messages: int
    claims: int
    hints: int
    tips: int


@dataclass(frozen=True, kw_only=True)
class _Traces:
    """What the database holds, by learner and instance."""

    began: Mapping[_Key, float]
    last: Mapping[_Key, float]
    messages: Mapping[_Key, int]
    claims: Mapping[_Key, int]
    hints: Mapping[_Key, int]
    tips: Mapping[_Key, int]
    work: Mapping[_Key, tuple[int, str]]


class Seats:
    """The seats of a programme's yard. Grades are read once: they never change."""

    def __init__(self, store: Store, programme: ProgramFolder) -> None:
        self._store, self._programme = store, programme
        self._passed: dict[int, bool] = {}

    def all(self) -> list[Seat]:
        """Return each learner's seat, those who seem stuck first, then who moved last."""
        traces, now = self._traces(), self._store.clock()
        seats = [seat for learner in self._programme.roster().learners if (seat := self._seat(learner, traces, now))]
        return sorted(seats, key=_rank)

    def at(self, instance: str) -> Seat | None:
        """Return who sits at an instance, or `None` where the roster names none such."""
        learner = next((one for one in self._programme.roster().learners if instance in one.instances), None)
        if learner is None:
            return None
        return self._seat(learner, self._traces(), self._store.clock(), instance)

    def _seat(self, learner: Learner, traces: _Traces, now: float, instance: str = "") -> Seat | None:
        name = instance or _current(learner, traces)
        if not name:
            return None
        key = learner.id, name
        drill = _drill_at(self._programme, name, learner.id)
        number, status = traces.work.get(key, (0, ""))
        state = _STATES.get(status, "in hand" if key in traces.began else "not begun")
        if status == "graded":
            state = "passed" if self._passes(number) else "not passed"
        minutes = (now - traces.began[key]) / 60 if key in traces.began else None
        quiet = now - traces.last[key] if key in traces.last else None
        messages, claims = traces.messages.get(key, 0), traces.claims.get(key, 0)
        return Seat(
            learner=learner, instance=name, drill=drill, state=state, minutes=minutes, quiet=quiet,
            messages=messages, claims=claims, hints=traces.hints.get(key, 0), tips=traces.tips.get(key, 0),
            stuck=_sign(state, drill, minutes, quiet, messages, claims),
        )  # fmt: skip

    def _passes(self, submission: int) -> bool:
        if submission not in self._passed:
            with self._store.reading() as session:
                body = session.get_one(GradeRow, submission).body
            self._passed[submission] = Grade.from_json(body).passed
        return self._passed[submission]

    def _traces(self) -> _Traces:
        with self._store.reading() as session:

            def ask(what: Any, table: type[Any], *where: Any) -> dict[_Key, Any]:
                found = select(table.learner, table.instance, what).where(*where)
                rows = session.execute(found.group_by(table.learner, table.instance))
                return {(learner, instance): value for learner, instance, value in rows}

            count = func.count()
            moved = [ask(func.max(table.at), table) for table in (ChatRow, DraftRow, HintRow)]
            moved.append(ask(func.max(EventRow.at), EventRow, EventRow.kind.not_in(_NOT_THEIRS)))
            work = session.execute(
                select(SubmissionRow.learner, SubmissionRow.instance, SubmissionRow.id, SubmissionRow.status)
            )
            return _Traces(
                began=ask(func.min(EventRow.at), EventRow, EventRow.kind == "started"),
                last={key: max(one.get(key, 0.0) for one in moved) for key in set().union(*moved)},
                messages=ask(count, ChatRow),
                claims=ask(count, ClaimRow),
                hints=ask(count, HintRow),
                tips=ask(count, TipRow),
                work={(learner, instance): (number, status) for learner, instance, number, status in work},
            )


def _rank(seat: Seat) -> tuple[bool, int, bool, float, str]:
    """Order those who seem stuck first, then who is at work, then who moved last."""
    at_work = {"in hand": 0, "grading": 1}.get(seat.state, 2)
    return not seat.stuck, at_work, seat.quiet is None, seat.quiet or 0.0, seat.learner.id


def _current(learner: Learner, traces: _Traces) -> str:
    """Return the copy that a learner moved at last; before the first step, the first of their plan."""
    begun = [name for name in learner.instances if (learner.id, name) in traces.last]
    return max(begun, key=lambda name: traces.last[learner.id, name], default=next(iter(learner.instances), ""))


def _drill_at(programme: ProgramFolder, name: str, learner: str) -> Drill:
    """Return the drill of an instance, whether it is built or not."""
    try:
        instance: Instance = programme.instance(name)
    except BadInput:
        return _drill(drill_of(name, learner), "")
    return _drill(instance.drill, instance.world)


@functools.cache
def _drill(name: str, world: str) -> Drill:
    return load_drill(name, world)


def _sign(state: str, drill: Drill, minutes: float | None, quiet: float | None, messages: int, claims: int) -> str:
    return next(_signs(state, drill, minutes or 0, quiet or 0, messages, claims), "")


def _signs(state: str, drill: Drill, minutes: float, quiet: float, messages: int, claims: int) -> Iterator[str]:
    if state == "not graded":
        yield "could not be graded"
    if state == "not passed":
        yield "did not pass, and has begun nothing since"
    if state != "in hand":
        return
    if quiet >= QUIET_SECONDS:
        yield f"no step for {quiet / 60:.0f} minutes"
    if minutes > drill.minutes:
        yield f"at it for {minutes:.0f} of {drill.minutes} minutes"
    if drill.hands_in == "claims" and messages >= MANY_MESSAGES and not claims:
        yield f"{messages} messages, no claim"
