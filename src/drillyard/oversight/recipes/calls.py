"""What is recorded of a recipe: calls, as a tree."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records import Record

__all__ = ["Call", "Kept", "Trace"]


class Call(Record):
    """One node of a trace: a recipe that ran (`asked` are its arguments), or a question to an agent.

    `id` counts from 0, in the order in which calls began; `parent` is −1 at the root. `began` is in seconds since the
    run began. `tries` counts how often an agent was asked; `kept` says that the answer came from the journal.
    """

    id: int = Field(ge=0)
    parent: int = Field(ge=-1)
    kind: Literal["recipe", "ask"]
    name: str
    agent: str = ""
    asked: str = ""
    answered: str = ""
    tokens: int = 0
    prompt_tokens: int = 0
    cost: float = 0.0
    began: float = 0.0
    seconds: float = 0.0
    tries: int = 0
    kept: bool = False
    error: str = ""


class Kept(Record):
    """An answer in the journal. `key` is the hash of agent, prompt and the how manieth such question it was."""

    key: str
    agent: str
    text: str
    tokens: int = 0
    prompt_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    tries: int = 1


class Trace(Record):
    """Every call of a run, in the order in which they began."""

    calls: tuple[Call, ...]

    @property
    def tokens(self) -> int:
        """Tokens of all prompts and answers."""
        return sum(call.tokens + call.prompt_tokens for call in self.calls)
