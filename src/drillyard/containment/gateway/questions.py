"""Typed questions: what may be asked at all, and how many bits an answer can carry."""

from __future__ import annotations

import hashlib
import math
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from drillyard.containment.gateway.chain import canonical
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.records import Record
from drillyard.records.lookalikes import spellings
from drillyard.records.patterns import pattern_of

__all__ = ["Question", "count_bits", "find_refusal", "points_of", "score_steering", "step_of"]


class Question(Record):
    """A question with a typed answer and a date at which its outcome is known.

    `options` belong to the kind `category` alone. `salt` is any text of the asker's; it enters the erasure coin.
    """

    kind: Literal["binary", "grid", "date", "category"]
    topic: str = Field(min_length=1, max_length=64)
    text: str = Field(min_length=1, max_length=1000)
    resolves: date
    options: tuple[str, ...] = ()
    salt: str = Field(default="", max_length=64)

    @model_validator(mode="after")
    def _options_fit(self) -> Question:
        if (self.kind == "category") != bool(self.options):
            raise ValueError("options belong to the kind 'category', and it needs them")
        plain = [one.strip().casefold() for one in self.options]
        if self.options and (len(set(plain)) < 2 or len(set(plain)) != len(plain) or not all(plain)):
            raise ValueError("options are two or more different words")
        if any(len(one) > 40 for one in self.options):
            raise ValueError("an option has at most 40 characters")
        return self

    def digest(self) -> str:
        """Return the SHA-256 of the question."""
        return hashlib.sha256(canonical(self.to_data()).encode()).hexdigest()


def points_of(question: Question, policy: GatewayPolicy) -> int:
    """Return how many answers there are of a question's type."""
    if question.kind == "date":
        return policy.max_days // policy.day_step + 1
    return {"binary": 2, "grid": policy.grid_points, "category": len(question.options)}[question.kind]


def step_of(question: Question, policy: GatewayPolicy) -> float:
    """Return how far apart two answers of a question's type are, in units of what `parse` reads."""
    return {"grid": 1 / (policy.grid_points - 1), "date": float(policy.day_step)}.get(question.kind, 1.0)


def count_bits(question: Question, policy: GatewayPolicy) -> float:
    """Return the most that one reply can carry: log2 of the answers of its type and of no answer.

    That an answer is withheld is an answer too: binary log2(3), a grid of 21 points log2(22).
    """
    return math.log2(points_of(question, policy) + 1)


def score_steering(question: Question, policy: GatewayPolicy) -> float:
    """Return the self-fulfilling score between 0 and 1, by the policy's patterns; it knows only their words."""
    keep, texts = 1.0, _spellings(question)
    for pattern, weight in policy.steering.weights.items():
        if any(map(pattern_of(pattern).found_in, texts)):
            keep *= 1 - weight
    return 1 - keep


def find_refusal(question: Question, policy: GatewayPolicy, today: date) -> str:
    """Return the name of the rule that refuses a question, or nothing. It never asks the forecaster."""
    texts = _spellings(question)
    for rule in policy.forbidden:
        if any(pattern_of(pattern).found_in(text) for pattern in rule.patterns for text in texts):
            return f"forbidden:{rule.name}"
    if score_steering(question, policy) > policy.steering.limit:
        return "self-fulfilling"
    days = (question.resolves - today).days
    rules = {
        "kind": question.kind not in policy.kinds,
        "topic": question.topic not in policy.topics,
        "date": not 0 <= days <= policy.max_days,
        "options": len(question.options) > policy.max_options,
    }
    return next((name for name, broken in rules.items() if broken), "")


def _spellings(question: Question) -> tuple[str, ...]:
    """Return the readings of all words of a question, so that no spelling hides one from a pattern."""
    return spellings(" ".join((question.topic, question.text, *question.options)))
