"""What is kept in memory until its release, and the marks of it that others may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question, count_bits

__all__ = ["Sealed", "brier", "day_of", "limits_of", "mark", "millibits", "scopes_of"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Sealed:
    """A canonical answer with the salt of its mark. It has no text form that a log could hold."""

    question: Question
    answer: str
    salt: str

    @property
    def mark(self) -> str:
        """Return the salted hash by which a released answer is known to be this one."""
        return mark(self.answer, self.salt)


def brier(answer: str, outcome: float) -> float:
    """Return the quadratic score of a binary or grid answer against an outcome of 0 or 1: lower is better."""
    said = {"yes": 1.0, "no": 0.0}.get(answer)
    return float((outcome - (float(answer) if said is None else said)) ** 2)


def mark(answer: str, salt: str) -> str:
    """Return the SHA-256 of an answer with its salt: what the ledger holds before a release."""
    return hashlib.sha256(f"seal\n{salt}\n{answer}".encode()).hexdigest()


def millibits(question: Question, policy: GatewayPolicy) -> int:
    """Return thousandths of bits that a question costs, rounded up, so that sums are exact."""
    return -int(-count_bits(question, policy) * 1000 // 1)


def scopes_of(person: str, topic: str, at: float) -> tuple[str, str, str]:
    """Return whose budgets a question at this time takes from: the person's, whatever account, the topic's, the year's.

    Years are those of UTC.
    """
    year = datetime.fromtimestamp(at, UTC).year
    return f"{year}/asker/{person}", f"{year}/topic/{topic}", f"{year}/all"


def limits_of(policy: GatewayPolicy, person: str, topic: str, at: float) -> dict[str, tuple[int, int]]:
    """Return the most thousandths of bits and questions by scope."""
    budgets = (policy.per_asker, policy.per_topic, policy.per_year)
    scopes = zip(scopes_of(person, topic, at), budgets, strict=True)
    return {scope: (int(budget.bits * 1000), budget.questions) for scope, budget in scopes}


def day_of(at: float) -> date:
    """Return the day of a time, in UTC."""
    return datetime.fromtimestamp(at, UTC).date()
