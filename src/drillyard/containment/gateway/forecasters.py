"""Who answers: any callable, any target, each episode on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from drillyard.containment.gateway.questions import Question
from drillyard.records import Conversation
from drillyard.targets import Target

__all__ = ["Forecaster", "TargetForecaster", "episodes", "write_prompt"]


class Forecaster(Protocol):
    """Anything that answers a question in words; the same question and seed may give any answer."""

    def __call__(self, question: Question, seed: int) -> str:
        """Answer in words that hold one answer of the question's type."""
        ...


class TargetForecaster:
    """A target as a forecaster: it sees the question's words and type, nothing of its asker or of other episodes."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.reference = target.reference

    def __call__(self, question: Question, seed: int) -> str:
        """Answer; an error of the target is an empty answer, which does not parse."""
        reply = self._target.generate([Conversation.ask(write_prompt(question))], [seed])[0]
        return "" if reply.finish == "error" else reply.text


def write_prompt(question: Question) -> str:
    """Return a question as one text, with the form that an answer must have."""
    forms = {
        "binary": "Answer yes or no.",
        "grid": "Answer with one probability between 0 and 1.",
        "date": "Answer with one day as YYYY-MM-DD.",
        "category": f"Answer with one of: {', '.join(question.options)}.",
    }
    return f"{question.text}\n(known by {question.resolves.isoformat()})\n{forms[question.kind]}"


def episodes(make: Callable[[], Forecaster], question: Question, seeds: Sequence[int]) -> list[str]:
    """Ask a fresh forecaster for each seed; one that breaks gives an empty answer, whatever it raised.

    `make` must return one that shares nothing with the others; what shares memory behind it is not seen from here.
    """
    bare = question.model_copy(update={"salt": ""})
    raws = []
    for seed in seeds:
        try:
            raws.append(str(make()(bare, seed)))
        except Exception:  # a forecaster of anybody's may raise anything, and its message may be a channel
            raws.append("")
    return raws
