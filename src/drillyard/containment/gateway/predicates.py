"""What must hold before an answer leaves: one pure function, which every road to a release goes through."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["CaseEvidence", "Vote", "list_unmet", "slot_after"]


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One person's vote on one question."""

    person: str
    approve: bool
    at: float


@dataclass(frozen=True, kw_only=True)
class CaseEvidence:
    """All that is known when a release is asked for; times in seconds since 1970."""

    status: str
    epoch: int
    epoch_now: int
    asker: str
    opens_at: float
    closes_at: float
    votes: tuple[Vote, ...]
    approvers: frozenset[str]
    approvals: int
    cooling: float
    slot: float
    killed: bool
    lease_until: float
    now: float
    sealed_here: bool


def slot_after(at: float, slot: float) -> float:
    """Return the first boundary at or after a time."""
    return math.ceil(at / slot - 1e-9) * slot


def list_unmet(case: CaseEvidence) -> tuple[str, ...]:
    """Name every predicate that does not hold; an answer leaves only where there is none."""
    yes = {
        vote.person: vote.at
        for vote in case.votes
        if vote.approve and vote.person in case.approvers and vote.person != case.asker
    }
    ready = max([case.opens_at, *(at + case.cooling for at in yes.values())])
    holds = {
        "sealed": case.status == "sealed" and case.sealed_here,
        "epoch": case.epoch == case.epoch_now,
        "approvals": len(yes) >= case.approvals,
        "no veto": all(vote.approve for vote in case.votes),
        "hold": case.now >= case.opens_at,
        "cooling-off and slot": case.now >= slot_after(ready, case.slot),
        "open": case.now < case.closes_at,
        "not killed": not case.killed,
        "lease": case.now < case.lease_until,
    }
    return tuple(name for name, held in holds.items() if not held)
