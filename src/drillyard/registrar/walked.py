"""What a learner did at a copy of a drill, in the order of time: asked, tried, claimed, looked, was told, handed in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from drillyard.programs.again import tries_left
from drillyard.programs.roster import Learner
from drillyard.records import Brief
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tables import ChatRow, EventRow, FitRow, HintRow, TipRow

__all__ = ["ENDED", "WalkedStep", "has_ended", "is_over", "walk_of"]

ENDED = "ended"
"""The event of who wants no further try at a drill: its `instance` is the last copy."""

_TOLD = {
    "started": "Opened the drill",
    "claimed": "Filed a claim",
    "changed": "Changed a claim",
    "removed": "Took a claim back",
    "looked": "Took a look",
    "tried": "Tried it",
    "submitted": "Handed in",
    "graded": "Was graded",
    "failed": "Grading did not end",
    ENDED: "Ended the drill without a further try",
}
"""Events that are steps; opened hints and tips are told with their words."""


@dataclass(frozen=True, kw_only=True)
class WalkedStep:
    """A step: seconds since the first one, what was done, what with; messages that follow each other are one step.

    `said` are those messages with their replies: template, message, reply.
    """

    after: float
    did: str
    words: str = ""
    said: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Trace:
    at: float
    did: str
    words: str = ""
    said: tuple[tuple[str, str, str], ...] = field(default=())


def walk_of(
    store: Store, learner: str, instance: str, hints: Sequence[str], named: Mapping[str, str] | None = None
) -> list[WalkedStep]:
    """Return a learner's steps at a copy, oldest first.

    Args:
        store: the yard's.
        learner: whose.
        instance: the copy.
        hints: the texts of its hints, in their order.
        named: what a look or a code is called, by what its event says; codes that are not in it are told as they are.
    """
    traces = sorted(_traces(store, learner, instance, hints, named or {}), key=lambda one: one.at)
    began = traces[0].at if traces else 0.0
    steps = []
    for asked, group in itertools.groupby(traces, key=lambda one: bool(one.said)):
        several = list(group)
        if asked:
            said = tuple(each for one in several for each in one.said)
            many = "a message" if len(said) == 1 else f"{len(said)} messages"
            steps.append(WalkedStep(after=several[0].at - began, did=f"Sent {many}", said=said))
        else:
            steps += [WalkedStep(after=one.at - began, did=one.did, words=one.words) for one in several]
    return steps


def is_over(brief: Brief, store: Store, learner: Learner, drill: str) -> bool:
    """Say whether a learner's last attempt at a drill is over, so that its truth may be told.

    Every copy that they have is graded, and one was passed, or no further try is left, or they want none.
    """
    submissions, tries = Submissions(store), learner.tries(drill)
    found = [submissions.of(learner.id, name) for name in tries]
    grades = [one.grade for one in found if one and one.grade]
    if not tries or len(grades) < len(tries):
        return False
    done = any(grade.passed for grade in grades) or not tries_left(brief, learner, drill)
    return done or has_ended(store, learner.id, tries[-1])


def has_ended(store: Store, learner: str, instance: str) -> bool:
    """Say whether a learner wanted no try after this one."""
    return any(one.instance == instance for one in store.events(ENDED, learner=learner))


def _traces(
    store: Store, learner: str, instance: str, hints: Sequence[str], named: Mapping[str, str]
) -> Iterator[_Trace]:
    with store.reading() as session:

        def rows(table: type[Any]) -> list[Any]:
            return list(session.scalars(select(table).where(table.learner == learner, table.instance == instance)))

        for event in rows(EventRow):
            if event.kind in _TOLD:
                yield _Trace(at=event.at, did=_TOLD[event.kind], words=named.get(event.detail, event.detail))
        for chat in rows(ChatRow):
            yield _Trace(at=chat.at, did="", said=((chat.template, chat.prompt, chat.reply),))
        for hint in rows(HintRow):
            told = hint.words or (hints[hint.place] if hint.place < len(hints) else "")
            yield _Trace(
                at=hint.at, did="Asked the tutor" if hint.rule else f"Opened hint {hint.place + 1}", words=told
            )
        for tip in rows(TipRow):
            yield _Trace(at=tip.at, did="Was given a hint by hand", words=tip.words)
        for fit in rows(FitRow):
            yield _Trace(at=fit.at, did="Fitted a technique", words=fit.error or fit.status)
