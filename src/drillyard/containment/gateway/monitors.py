"""Monitors: callables that may stop an answer, never change or see more than what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.records.lookalikes import spellings

__all__ = ["AnswerMonitor", "find_stop", "length_monitor", "secret_monitor"]


class AnswerMonitor(Protocol):
    """Reads a question, the raw answers and the canonical one; returns a reason to stop, or nothing."""

    def __call__(self, question: Question, raws: Sequence[str], answer: str) -> str:
        """Return a short reason, without any of the answer's words."""
        ...


def length_monitor(policy: GatewayPolicy) -> AnswerMonitor:
    """Stop where a raw answer is longer than the policy lets it be: much text for one value is a channel or a plea."""

    def monitor(question: Question, raws: Sequence[str], answer: str) -> str:
        return "length" if any(len(raw) > policy.max_raw_characters for raw in raws) else ""

    return monitor


def secret_monitor(secrets: Sequence[str]) -> AnswerMonitor:
    """Stop where a planted secret or a fake credential turns up in a raw answer, whatever its case, blanks and letters.

    Both are compared in all readings of `spellings`, so that unseen letters and look-alikes hide nothing.
    """
    planted = {"".join(one.split()) for secret in secrets for one in spellings(secret)}

    def monitor(question: Question, raws: Sequence[str], answer: str) -> str:
        said = ["".join(one.split()) for raw in raws for one in spellings(raw)]
        return "secret" if any(secret in raw for secret in planted for raw in said) else ""

    return monitor


def find_stop(monitors: Sequence[AnswerMonitor], question: Question, raws: Sequence[str], answer: str) -> str:
    """Return the first reason to stop; a monitor that breaks is a reason too."""
    for monitor in monitors:
        try:
            reason = monitor(question, raws, answer)
        except Exception:  # fails closed, whatever a monitor of anybody's raises
            return "monitor broke"
        if reason:
            return reason
    return ""
