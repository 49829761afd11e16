"""What a learner did at a copy of a drill so far, and the facts about it that rules of the tutor name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drillyard.drills.naming import name_check
from drillyard.records import Claim, Conversation, Drill, Grade, OracleTrial, TradePoint

__all__ = ["Deeds", "FitDeed", "TutorState", "before_of"]


@dataclass(frozen=True, kw_only=True)
class FitDeed:
    """A technique that was fitted, and both sides of a practice exam, before and under it."""

    technique: str
    start: TradePoint | None
    point: TradePoint | None


@dataclass(frozen=True, kw_only=True)
class Deeds:
    """What was done: messages, claims, what stands in the form, looks, trials, fits.

    `minutes` run from the first opening; `before` is the grade of the copy before this one, where there was one.
    """

    minutes: float = 0.0
    said: tuple[Conversation, ...] = ()
    claims: tuple[Claim, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    looks: tuple[str, ...] = ()
    tried: int = 0
    trial: OracleTrial | None = None
    fits: tuple[FitDeed, ...] = ()
    before: Grade | None = None


@dataclass(frozen=True, kw_only=True)
class TutorState:
    """Facts by name, and what of them a hint may quote; a fact that is not there is 0."""

    facts: Mapping[str, float]
    words: Mapping[str, str] = field(default_factory=dict)


def before_of(drill: Drill, before: Grade | None) -> tuple[dict[str, float], dict[str, str]]:
    """Return what went wrong on the copy before: how many parts, each part's ending or id, and the first one's name."""
    failed = [check.id for check in before.sub_checks if not check.passed] if before else []
    facts: dict[str, float] = {"failed": float(len(failed))}
    for name in failed:
        key = f"failed-{name.rpartition('/')[2]}"
        facts[key] = facts.get(key, 0.0) + 1
    return facts, {"failed_check": name_check(drill, failed[0])} if failed else {}
